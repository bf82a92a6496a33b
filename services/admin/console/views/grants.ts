/**
 * Who may open a mailbox besides itself, and what it may open: grants to another mailbox, and master users.
 *
 * Never: a button for what the token may not do: master users are the matter of one that sees all domains.
 */

import { query, segment } from '../api-client.ts';
import { asked, confirmed, field } from '../dialog.ts';
import { button, type Child, element } from '../element.ts';
import { type Fields, itemsOf, textOf } from '../fields.ts';
import { attempt, sayDone } from '../notice.ts';
import { type Column, Table } from '../table.ts';
import { may, type ViewParts } from '../view.ts';

export class Grants {
  readonly element: HTMLElement;
  readonly #parts: ViewParts;
  readonly #address: string;
  readonly #table: Table;

  constructor(parts: ViewParts, address: string) {
    this.#parts = parts;
    this.#address = address;
    const isChanging = may(parts.self, 'mailboxes');
    this.#table = new Table({
      caption: `Grants of ${address}`,
      empty: 'Nobody else may open it, and it may open no other.',
      key: ({ kind, name, domain }) => [kind, name, domain].map(textOf).join(' '),
      columns: this.#columns(isChanging),
    });
    const add = button('Let another open it', () => attempt(() => this.#add()));
    const master = button('Make it a master user', () => attempt(() => this.#addMaster()));
    const isOfAll = parts.self.domain === null;
    this.element = element(
      'section',
      {},
      element('h2', {}, 'Grants'),
      this.#table.element,
      isChanging ? element('div', { class: 'below' }, add, isOfAll ? master : null) : null,
    );
  }

  async refresh(): Promise<void> {
    const path = `/mailboxes/${segment(this.#address)}/grants`;
    this.#table.show(itemsOf((await this.#parts.api.get(path)).items));
  }

  #columns(isChanging: boolean): Column[] {
    const remove = (item: Fields): Child => {
      const path = this.#pathOf(item);
      if (path === null) return null;
      const press = (): void => attempt(() => this.#remove(item, path));
      return button('Remove', press, { name: `Remove: ${grantWords(item)}`, look: 'danger' });
    };
    return [
      { head: 'Grant', cell: grantWords },
      ...(isChanging ? [{ head: 'Actions', cell: remove }] : []),
    ];
  }

  /** Of the grant itself; null for one that is not taken back here. */
  #pathOf({ kind, name, domain }: Fields): string | null {
    const [own, other] = [segment(this.#address), segment(textOf(name))];
    if (kind === 'opened-by') return `/mailboxes/${own}/grants/${other}`;
    if (kind === 'opens') return `/mailboxes/${other}/grants/${own}`;
    if (kind !== 'opens-domain' || this.#parts.self.domain !== null) return null;
    return `/mailboxes/${own}/master-grant${query({ domain: textOf(domain) })}`;
  }

  async #add(): Promise<void> {
    const hint = 'The address of the mailbox that may open this one, with its own password';
    const content = [field({ label: 'Address', name: 'grantee', isRequired: true, hint })];
    const title = `Who may open ${this.#address}?`;
    const grantee = await asked({ title, content, does: 'Grant' }, async (given) => {
      const typed = textOf(given.get('grantee')).trim();
      const path = `/mailboxes/${segment(this.#address)}/grants/${segment(typed)}`;
      await this.#parts.api.send('PUT', path);
      return typed;
    });
    if (grantee === null) return;
    sayDone(`${grantee} may open ${this.#address}.`);
    await this.refresh();
  }

  async #addMaster(): Promise<void> {
    const hint = 'All mailboxes of this domain; empty: of all domains';
    const content = [field({ label: 'Domain', name: 'domain', hint })];
    const title = `What may ${this.#address} open?`;
    const added = await asked({ title, content, does: 'Make master user' }, async (given) => {
      const domain = textOf(given.get('domain')).trim();
      const path = `/mailboxes/${segment(this.#address)}/master-grant${query({ domain })}`;
      await this.#parts.api.send('PUT', path);
      return domain;
    });
    if (added === null) return;
    sayDone(`${this.#address} is a master user of ${added === '' ? 'all domains' : added}.`);
    await this.refresh();
  }

  async #remove(item: Fields, path: string): Promise<void> {
    const title = 'Take the grant back?';
    const text = `“${grantWords(item)}” is so no more from the next login on.`;
    if (!(await confirmed({ title, text, does: 'Remove grant', isDanger: true }))) return;
    await this.#parts.api.send('DELETE', path);
    sayDone('The grant is taken back.');
    await this.refresh();
  }
}

function grantWords({ kind, name, domain }: Fields): string {
  const what = textOf(domain) === '' ? 'all domains' : textOf(domain);
  if (kind === 'opened-by') return `${textOf(name)} may open it`;
  if (kind === 'opens') return `may open ${textOf(name)}`;
  if (kind === 'opened-by-master') return `${textOf(name)} may open it, as master user of ${what}`;
  return `master user of ${what}`;
}
