/**
 * Password hashes of another server, taken over many at once: nobody needs a new password.
 *
 * Never: a hash that could not be verified, or a password in clear, taken for one; any part of either in an
 * answer.
 */

import { readStored } from '@poplar/identity';
import { importRowsMax } from '@poplar/store';
import { type Static, Type } from 'typebox';
import { callerOf } from '../access/caller.ts';
import { addressIn } from '../access/reach.ts';
import type { Routes } from '../api.ts';
import { hashesBodyOctetsMax, storedHashCharactersMax } from '../limits.ts';
import { strict } from '../validation.ts';
import { addressText } from './shapes.ts';

const rowSchema = strict({
  address: addressText,
  hash: Type.String({
    minLength: 1,
    maxLength: storedHashCharactersMax,
    description: 'as Dovecot or crypt(3) has it, such as `{BLF-CRYPT}$2y$...`',
  }),
});

const outcomeSchema = Type.Object({
  address: Type.String(),
  outcome: Type.String({
    description:
      '`set`, `created`, `unchanged`, `no-mailbox`, `no-domain`, `name-taken`, `duplicate` (an earlier row ' +
      'has the address) or `invalid`',
  }),
  detail: Type.Optional(Type.String()),
});

export const passwordHashRoutes: Routes = async (app, { store: { credentials } }) => {
  app.post(
    '/mailboxes/password-hashes',
    {
      config: { access: { anyOf: ['mailboxes'], reach: 'domain' } },
      bodyLimit: hashesBodyOctetsMax,
      schema: {
        tags: ['credentials'],
        summary: 'Take over password hashes of another server',
        description:
          'All rows in one transaction. What is stored already stays as it is, so a request can be sent ' +
          'again. Hashes that nothing could be compared with are `invalid`.',
        body: Type.Object(
          {
            items: Type.Array(rowSchema, { minItems: 1, maxItems: importRowsMax }),
            create: Type.Optional(
              Type.Boolean({
                description: 'make mailboxes that are not there; their domains must be',
              }),
            ),
          },
          {
            additionalProperties: false,
            examples: [
              {
                items: [
                  { address: 'ann@example.org', hash: '{SSHA}gVK8WC9YyFT1gMsQHTGCgT3sSv5zYWx0' },
                ],
              },
            ],
          },
        ),
        response: { 200: Type.Object({ items: Type.Array(outcomeSchema) }) },
      },
    },
    async (request) => {
      const { items, create = false } = request.body;
      const answers = items.map((item, index): Static<typeof outcomeSchema> => {
        const address = addressIn(request, item.address, `/body/items/${index}/address`);
        const reading = readStored(item.hash);
        if (reading.kind === 'record') return { address, outcome: '' };
        const detail = reading.kind === 'clear' ? 'a password in clear' : reading.reason;
        return { address, outcome: 'invalid', detail };
      });
      const rows = answers.flatMap(({ address, outcome }, index) => {
        const stored = items[index]?.hash;
        return outcome === '' && stored !== undefined ? [{ index, address, stored }] : [];
      });
      const outcomes = await credentials.import(rows, { create, actor: callerOf(request).actor });
      rows.forEach(({ index, address }, place) => {
        answers[index] = { address, outcome: outcomes[place] ?? 'invalid' };
      });
      return { items: answers };
    },
  );
};
