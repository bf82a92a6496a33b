/**
 * What lets a mailbox in, without the secrets: passwords, app passwords, names of certificates.
 */

import { segment } from '../api-client.ts';
import { confirmed } from '../dialog.ts';
import { button, element } from '../element.ts';
import { dateOf, type Fields, itemsOf, textOf } from '../fields.ts';
import { attempt, sayDone } from '../notice.ts';
import { day, Table } from '../table.ts';
import { may, type ViewParts } from '../view.ts';
import { timeWords } from '../words.ts';

export class Credentials {
  readonly element: HTMLElement;
  readonly #parts: ViewParts;
  readonly #path: string;
  readonly #table: Table;

  constructor(parts: ViewParts, address: string) {
    this.#parts = parts;
    this.#path = `/mailboxes/${segment(address)}/credentials`;
    const revoke = (item: Fields): HTMLElement => {
      const name = `Revoke ${wordsOf(item)}`;
      return button('Revoke', () => attempt(() => this.#revoke(item)), { name, look: 'danger' });
    };
    this.#table = new Table({
      caption: `Credentials of ${address}`,
      empty: 'Nobody can log in: there is no password.',
      key: ({ credentialId }) => textOf(credentialId),
      columns: [
        { head: 'Kind', cell: ({ kind }) => textOf(kind) },
        { head: 'Label', cell: ({ label, certificateName }) => textOf(certificateName ?? label) },
        { head: 'Made', cell: ({ createdAt }) => timeWords(dateOf(createdAt)) },
        { head: 'Expires', cell: ({ expiresAt }) => timeWords(dateOf(expiresAt)) || 'never' },
        {
          head: 'Last used',
          cell: ({ lastUsedOn }) => (lastUsedOn === null ? 'never' : day(textOf(lastUsedOn))),
        },
        ...(may(parts.self, 'mailboxes') ? [{ head: 'Actions', cell: revoke }] : []),
      ],
    });
    this.element = element('section', {}, element('h2', {}, 'Credentials'), this.#table.element);
  }

  async refresh(): Promise<void> {
    this.#table.show(itemsOf((await this.#parts.api.get(this.#path)).items));
  }

  async #revoke(item: Fields): Promise<void> {
    const title = `Revoke ${wordsOf(item)}?`;
    const text =
      'It opens nothing from then on, on any node. With a password go the SCRAM secrets made of it.';
    if (!(await confirmed({ title, text, does: 'Revoke', isDanger: true }))) return;
    await this.#parts.api.send('DELETE', `${this.#path}/${segment(textOf(item.credentialId))}`);
    sayDone(`The ${wordsOf(item)} is revoked.`);
    await this.refresh();
  }
}

function wordsOf({ kind, label }: Fields): string {
  return textOf(label) === '' ? textOf(kind) : `${textOf(kind)} “${textOf(label)}”`;
}
