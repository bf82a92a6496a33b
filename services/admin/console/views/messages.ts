/**
 * The messages of a mailbox: which they are, never what they say; and those that a QUIT removed, which can be
 * restored until they are purged.
 */

import { query, segment } from '../api-client.ts';
import { button, type Child, element, freshId } from '../element.ts';
import { dateOf, type Fields, fieldsOf, itemsOf, numberOf, textOf } from '../fields.ts';
import { attempt, sayDone } from '../notice.ts';
import { Pages } from '../pages.ts';
import { badge, type Column, Table } from '../table.ts';
import type { ViewParts } from '../view.ts';
import { countOf, octetWords, timeWords } from '../words.ts';

/** Which of them are listed. */
const filters = [
  ['', 'All'],
  ['false', 'In the mailbox'],
  ['true', 'Removed by a QUIT'],
] as const;

export class Messages {
  readonly element: HTMLElement;
  readonly #parts: ViewParts;
  readonly #path: string;
  readonly #pages: Pages;
  readonly #all: HTMLButtonElement;

  constructor(parts: ViewParts, address: string) {
    this.#parts = parts;
    this.#path = `/mailboxes/${segment(address)}/messages`;
    const id = freshId();
    const options = filters.map(([value, label]) => element('option', { value }, label));
    const select = element('select', { id }, ...options);
    select.addEventListener('change', () => attempt(() => this.#pages.begin()));
    const table = new Table({
      caption: `Messages of ${address}`,
      empty: 'There is no such message.',
      key: ({ messageId }) => textOf(messageId),
      columns: this.#columns(),
    });
    const listing = () => ({ path: this.#path, asked: { header: 'true', flagged: select.value } });
    this.#pages = new Pages({ api: parts.api, table, listing, noun: 'messages' });
    this.#all = button('Restore all', () => attempt(() => this.#restore(null)), {
      name: 'Restore all messages that were removed',
    });
    this.element = element(
      'section',
      {},
      element('h2', {}, 'Messages'),
      element('div', { class: 'search' }, element('label', { for: id }, 'Show'), select, this.#all),
      ...[table.element, this.#pages.element],
    );
  }

  async refresh(): Promise<void> {
    const flagged = `${this.#path}${query({ flagged: 'true', limit: 1 })}`;
    const [answer] = await Promise.all([this.#parts.api.get(flagged), this.#pages.refresh()]);
    // Nothing is offered that there is nothing to do for.
    const hadFocus = document.activeElement === this.#all;
    this.#all.hidden = itemsOf(answer.items).length === 0;
    if (hadFocus && this.#all.hidden) this.element.querySelector('select')?.focus();
  }

  #columns(): Column[] {
    const header = (name: string) => (item: Fields) => textOf(fieldsOf(item.header)[name]);
    const state = ({ deletedAt }: Fields): Child =>
      deletedAt === null
        ? 'kept'
        : element('span', {}, badge('flagged'), ` ${timeWords(dateOf(deletedAt))}`);
    const restore = (item: Fields): Child => {
      if (item.deletedAt === null) return null;
      const name = `Restore “${header('subject')(item)}”`;
      const press = () => attempt(() => this.#restore([textOf(item.messageId)]));
      return button('Restore', press, { name });
    };
    return [
      { head: 'Subject', cell: (item) => header('subject')(item) || '(none)' },
      { head: 'From', cell: header('from') },
      { head: 'Received', cell: ({ receivedAt }) => timeWords(dateOf(receivedAt)) },
      { head: 'Size', isNumber: true, cell: ({ octets }) => octetWords(numberOf(octets)) },
      { head: 'State', cell: state },
      { head: 'Actions', cell: restore },
    ];
  }

  async #restore(messageIds: readonly string[] | null): Promise<void> {
    const body = messageIds === null ? {} : { messageIds };
    const { restored } = await this.#parts.api.send('POST', `${this.#path}/restore`, body);
    sayDone(`${countOf(numberOf(restored), 'message')} restored: the next session sees them.`);
    await this.refresh();
  }
}
