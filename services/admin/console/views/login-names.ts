/**
 * The names under which a mailbox logs in: its address, and aliases, which are added and removed here.
 */

import { segment } from '../api-client.ts';
import { asked, confirmed, field } from '../dialog.ts';
import { button, type Child, element } from '../element.ts';
import { type Fields, textOf, textsOf } from '../fields.ts';
import { attempt, sayDone } from '../notice.ts';
import { type Column, Table } from '../table.ts';
import { may, type ViewParts } from '../view.ts';

export class LoginNames {
  readonly element: HTMLElement;
  readonly #parts: ViewParts;
  readonly #address: string;
  readonly #path: string;
  readonly #table: Table;

  constructor(parts: ViewParts, address: string) {
    this.#parts = parts;
    this.#address = address;
    this.#path = `/mailboxes/${segment(address)}/login-names`;
    const isChanging = may(parts.self, 'mailboxes');
    this.#table = new Table({
      caption: `Login names of ${address}`,
      empty: 'There is none.',
      key: ({ name }) => textOf(name),
      columns: this.#columns(isChanging),
    });
    const add = button('Add alias', () => attempt(() => this.#add()));
    this.element = element(
      'section',
      {},
      element('h2', {}, 'Login names'),
      this.#table.element,
      isChanging ? element('div', { class: 'below' }, add) : null,
    );
  }

  async refresh(): Promise<void> {
    const { items } = await this.#parts.api.get(this.#path);
    this.#table.show(textsOf(items).map((name) => ({ name })));
  }

  #columns(isChanging: boolean): Column[] {
    const isAlias = ({ name }: Fields): boolean => name !== this.#address;
    const remove = (item: Fields): Child => {
      if (!isAlias(item)) return null;
      const alias = textOf(item.name);
      const press = (): void => attempt(() => this.#remove(alias));
      return button('Remove', press, { name: `Remove the alias ${alias}`, look: 'danger' });
    };
    return [
      { head: 'Name', cell: ({ name }) => textOf(name) },
      { head: 'Kind', cell: (item) => (isAlias(item) ? 'alias' : 'address') },
      ...(isChanging ? [{ head: 'Actions', cell: remove }] : []),
    ];
  }

  async #add(): Promise<void> {
    const hint = 'An address, or a name without a domain; with the password of the mailbox';
    const content = [field({ label: 'Alias', name: 'name', isRequired: true, hint })];
    const title = `New alias of ${this.#address}`;
    const added = await asked({ title, content, does: 'Add' }, async (given) => {
      const name = textOf(given.get('name')).trim();
      await this.#parts.api.send('POST', this.#path, { name });
      return name;
    });
    if (added === null) return;
    sayDone(`${this.#address} logs in as ${added}, too.`);
    await this.refresh();
  }

  async #remove(alias: string): Promise<void> {
    const text = 'Nobody can log in under this name from then on. The mailbox stays as it is.';
    const title = `Remove the alias ${alias}?`;
    if (!(await confirmed({ title, text, does: 'Remove alias', isDanger: true }))) return;
    await this.#parts.api.send('DELETE', `${this.#path}/${segment(alias)}`);
    sayDone(`The alias ${alias} is removed.`);
    await this.refresh();
  }
}
