/**
 * What lets a mailbox in: its password, app passwords, APOP secret, names of client certificates.
 *
 * Never: a secret in an answer, but an app password once, when it is made here.
 */

import { canonicalCertificateName, makeAppPassword } from '@poplar/identity';
import type { CredentialRow } from '@poplar/store';
import { type Static, Type } from 'typebox';
import { callerOf } from '../access/caller.ts';
import { addressIn } from '../access/reach.ts';
import type { Routes } from '../api.ts';
import { secretCharactersMax } from '../limits.ts';
import { octetsOf, type SecretFields, secretFields, secretOf } from '../passwords.ts';
import { Problem } from '../problem.ts';
import { labelIn, labelText, optionalExpiry } from '../request-fields.ts';
import { strict } from '../validation.ts';
import { unlessThere } from './already-there.ts';
import {
  addressParams,
  addressText,
  futureTime,
  idText,
  isoOrNull,
  noContent,
  textOrNull,
  time,
  timeOrNull,
} from './shapes.ts';

const credentialSchema = Type.Object({
  credentialId: Type.String(),
  kind: Type.String(),
  label: Type.String(),
  certificateName: textOrNull,
  createdAt: time,
  expiresAt: timeOrNull,
  lastUsedOn: textOrNull,
});

function shown(row: CredentialRow): Static<typeof credentialSchema> {
  return {
    ...row,
    createdAt: row.createdAt.toISOString(),
    expiresAt: isoOrNull(row.expiresAt),
  };
}

const addedSchema = Type.Object({ credentialId: Type.String() });
const secretBody = Type.Object(secretFields, {
  additionalProperties: false,
  examples: [{ password: 'open sesame' }],
});

function neededSecret(body: SecretFields): Uint8Array {
  const secret = secretOf(body);
  if (secret !== null) return secret;
  throw new Problem(400, 'there is no password', [
    { pointer: '/body/password', detail: 'is missing' },
  ]);
}

const tags = ['credentials'];
const read = { access: { anyOf: ['read', 'mailboxes'], reach: 'domain' } } as const;
const change = { access: { anyOf: ['mailboxes'], reach: 'domain' } } as const;

export const credentialRoutes: Routes = async (app, { store: { credentials }, passwords }) => {
  app.get(
    '/mailboxes/:address/credentials',
    {
      config: read,
      schema: {
        tags,
        summary: 'List credentials, without their secrets',
        params: addressParams,
        response: { 200: Type.Object({ items: Type.Array(credentialSchema) }) },
      },
    },
    async (request) => {
      const rows = await credentials.list(addressIn(request, request.params.address));
      return { items: rows.map(shown) };
    },
  );

  app.put(
    '/mailboxes/:address/password',
    {
      config: change,
      schema: {
        tags,
        summary: 'Set the password',
        params: addressParams,
        body: secretBody,
        response: { 204: noContent },
      },
    },
    async (request, reply) => {
      const address = addressIn(request, request.params.address);
      const { hash: password, ...scram } = await passwords.make(neededSecret(request.body));
      const { actor } = callerOf(request);
      await credentials.setPassword({ address, password, ...scram, actor });
      return reply.code(204).send(null);
    },
  );
};

export const otherSecretRoutes: Routes = async (app, { store: { credentials } }) => {
  app.put(
    '/mailboxes/:address/apop-secret',
    {
      config: change,
      schema: {
        tags,
        summary: 'Set the APOP secret',
        description: 'It is stored as it is: APOP needs it in clear.',
        params: addressParams,
        body: Type.Object(
          { password: Type.String({ maxLength: secretCharactersMax }) },
          { additionalProperties: false, examples: [{ password: 'open sesame' }] },
        ),
        response: { 204: noContent },
      },
    },
    async (request, reply) => {
      const address = addressIn(request, request.params.address);
      octetsOf(request.body.password);
      const { actor } = callerOf(request);
      await credentials.setApopSecret({ address, secret: request.body.password, actor });
      return reply.code(204).send(null);
    },
  );

  app.delete(
    '/mailboxes/:address/apop-secret',
    {
      config: change,
      schema: {
        tags,
        summary: 'Remove the APOP secret',
        description: 'Done also where there was none.',
        params: addressParams,
        response: { 204: noContent },
      },
    },
    async (request, reply) => {
      const address = addressIn(request, request.params.address);
      const { actor } = callerOf(request);
      await credentials.setApopSecret({ address, secret: null, actor });
      return reply.code(204).send(null);
    },
  );
};

export const appPasswordRoutes: Routes = async (app, { store: { credentials } }) => {
  app.post(
    '/mailboxes/:address/app-passwords',
    {
      config: change,
      schema: {
        tags,
        summary: 'Make an app password',
        description: 'It is shown in this answer and never again.',
        params: addressParams,
        body: Type.Object(
          { label: labelText, expiresAt: Type.Optional(futureTime) },
          { additionalProperties: false, examples: [{ label: 'phone' }] },
        ),
        response: {
          201: Type.Object({ credentialId: Type.String(), appPassword: Type.String() }),
        },
      },
    },
    async (request, reply) => {
      const address = addressIn(request, request.params.address);
      const label = labelIn(request.body.label);
      const expiresAt = optionalExpiry(request.body.expiresAt);
      const { text: appPassword, stored } = makeAppPassword();
      const { actor } = callerOf(request);
      const made = { address, label, stored, expiresAt, actor };
      const credentialId = await credentials.addAppPassword(made);
      return reply.code(201).send({ credentialId, appPassword });
    },
  );
};

export const certificateNameRoutes: Routes = async (app, { store: { credentials } }) => {
  app.post(
    '/mailboxes/:address/certificate-names',
    {
      config: change,
      schema: {
        tags,
        summary: 'Let a client certificate in by its name',
        params: addressParams,
        body: Type.Object(
          {
            name: Type.String({
              minLength: 1,
              maxLength: 1024,
              description:
                '`email:` and an address, `cn:` and a name, or `sha256:` and a fingerprint',
            }),
          },
          { additionalProperties: false, examples: [{ name: 'email:ann@example.org' }] },
        ),
        response: { 201: addedSchema },
      },
    },
    async (request, reply) => {
      const address = addressIn(request, request.params.address);
      const { actor } = callerOf(request);
      const name = canonicalCertificateName(request.body.name);
      if (name === null) {
        const detail =
          'must be email: and an address, cn: and a name, or sha256: and a fingerprint';
        throw new Problem(400, 'not the name of a certificate', [
          { pointer: '/body/name', detail },
        ]);
      }
      const named = { address, name, actor };
      const credentialId = await unlessThere(credentials.addCertificateName(named), {
        ...{ code: 'certificate-name-exists', pointer: '/body/name' },
        what: 'this name of a certificate of the mailbox',
      });
      return reply.code(201).send({ credentialId });
    },
  );

  app.delete(
    '/mailboxes/:address/credentials/:credentialId',
    {
      config: change,
      schema: {
        tags,
        summary: 'Revoke a credential',
        description: 'With a password go the SCRAM secrets that were made of it.',
        params: strict({ address: addressText, credentialId: idText }),
        response: { 204: noContent },
      },
    },
    async (request, reply) => {
      const address = addressIn(request, request.params.address);
      const { credentialId } = request.params;
      await credentials.revoke({ address, credentialId, actor: callerOf(request).actor });
      return reply.code(204).send(null);
    },
  );
};
