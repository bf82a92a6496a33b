/**
 * What became of the events of a webhook: which wait, which were delivered, which are dead letters and can be
 * sent again; and what is in each.
 */

import { type ApiClient, segment } from '../api-client.ts';
import { button, type Child, element, freshId } from '../element.ts';
import { dateOf, type Fields, numberOf, textOf } from '../fields.ts';
import { deliveryStateChoices } from '../known-names.ts';
import { attempt, sayDone } from '../notice.ts';
import { Pages } from '../pages.ts';
import { badge, type Column, Table } from '../table.ts';
import { countWords, timeWords } from '../words.ts';

export class Deliveries {
  readonly element: HTMLElement;
  readonly #api: ApiClient;
  readonly #pages: Pages;

  constructor(api: ApiClient, path: string) {
    this.#api = api;
    const id = freshId();
    const options = deliveryStateChoices.map(([value, label]) =>
      element('option', { value }, label),
    );
    const select = element('select', { id }, ...options);
    select.addEventListener('change', () => attempt(() => this.#pages.begin()));
    const table = new Table({
      caption: 'Deliveries, the latest first',
      empty: 'There is no such delivery.',
      key: ({ deliveryId }) => textOf(deliveryId),
      columns: this.#columns(),
    });
    const listing = () => ({ path: `${path}/deliveries`, asked: { state: select.value } });
    this.#pages = new Pages({ api, table, listing, noun: 'deliveries' });
    this.element = element(
      'section',
      {},
      element('h2', {}, 'Deliveries'),
      element('div', { class: 'search' }, element('label', { for: id }, 'Show'), select),
      ...[table.element, this.#pages.element],
    );
  }

  refresh(): Promise<void> {
    return this.#pages.refresh();
  }

  #columns(): Column[] {
    const resend = (item: Fields): Child => {
      if (item.state === 'pending') return null;
      const name = `Send ${textOf(item.event)} ${textOf(item.deliveryId)} again`;
      return button('Send again', () => attempt(() => this.#resend(item)), { name });
    };
    return [
      { head: 'Event', cell: eventCell },
      { head: 'State', cell: ({ state }) => badge(textOf(state)) },
      { head: 'Attempts', isNumber: true, cell: ({ attempts }) => countWords(numberOf(attempts)) },
      { head: 'Last answer', cell: answerWords },
      { head: 'Happened', cell: ({ createdAt }) => timeWords(dateOf(createdAt)) },
      { head: 'Next attempt', cell: ({ nextAttemptAt }) => timeWords(dateOf(nextAttemptAt)) },
      { head: 'Over', cell: ({ finishedAt }) => timeWords(dateOf(finishedAt)) || 'no' },
      { head: 'Actions', cell: resend },
    ];
  }

  async #resend({ deliveryId, event }: Fields): Promise<void> {
    await this.#api.send('POST', `/webhook-deliveries/${segment(textOf(deliveryId))}/resend`);
    sayDone(`${textOf(event)} waits to be sent again, from its first attempt on.`);
    await this.refresh();
  }
}

function eventCell({ event, deliveryId, payload }: Fields): HTMLElement {
  const body = element('pre', {}, JSON.stringify(payload, null, 2));
  const name = `${textOf(event)} ${textOf(deliveryId)}`;
  return element('details', { 'aria-label': name }, element('summary', {}, textOf(event)), body);
}

function answerWords({ lastStatus, lastError }: Fields): string {
  if (lastStatus !== null) return `status ${numberOf(lastStatus)}`;
  return textOf(lastError) || 'none yet';
}
