/**
 * A listing of the API a page at a time. A cursor leads forward only, so those of the pages before are
 * remembered.
 */

import { type ApiClient, query } from './api-client.ts';
import { button, element } from './element.ts';
import { itemsOf, textOf } from './fields.ts';
import { pageRows } from './limits.ts';
import { attempt } from './notice.ts';
import type { Table } from './table.ts';

export interface PagesParts {
  readonly api: ApiClient;
  readonly table: Table;
  /** What to list: the path, and what is asked for beside the page. */
  readonly listing: () => {
    readonly path: string;
    readonly asked: Readonly<Record<string, string | null>>;
  };
  /** What is listed, for the name of the buttons. */
  readonly noun: string;
}

export class Pages {
  readonly element: HTMLElement;
  readonly #parts: PagesParts;
  readonly #back: HTMLButtonElement;
  readonly #forth: HTMLButtonElement;
  readonly #place = element('span', { class: 'quiet' });
  #cursors: (string | null)[] = [null];
  #next: string | null = null;
  #asked = 0;

  constructor(parts: PagesParts) {
    this.#parts = parts;
    const { noun } = parts;
    this.#back = button('Previous', () => attempt(() => this.#turn(-1)), {
      name: `Previous page of ${noun}`,
    });
    this.#forth = button('Next', () => attempt(() => this.#turn(1)), {
      name: `Next page of ${noun}`,
    });
    this.element = element(
      'nav',
      { class: 'pages', 'aria-label': `Pages of ${noun}` },
      ...[this.#back, this.#place, this.#forth],
    );
  }

  /** From the first page. */
  async begin(): Promise<void> {
    this.#cursors = [null];
    await this.refresh();
  }

  /** The page that is shown, anew. */
  async refresh(): Promise<void> {
    const { api, table, listing } = this.#parts;
    const { path, asked } = listing();
    this.#asked += 1;
    const mine = this.#asked;
    const cursor = this.#cursors.at(-1) ?? null;
    const answer = await api.get(`${path}${query({ ...asked, cursor, limit: pageRows })}`);
    // A slower answer to an earlier question is not what is wanted now.
    if (mine !== this.#asked) return;
    const items = itemsOf(answer.items);
    if (items.length === 0 && this.#cursors.length > 1) {
      // What was on the last page is gone meanwhile.
      await this.#turn(-1);
      return;
    }
    table.show(items);
    this.#next = answer.next === null ? null : textOf(answer.next);
    const page = this.#cursors.length;
    const focused = document.activeElement;
    this.#back.disabled = page === 1;
    this.#forth.disabled = this.#next === null;
    this.#place.textContent = `Page ${page}`;
    this.element.hidden = page === 1 && this.#next === null;
    // Whoever turned to the first or the last page by keyboard stays at the buttons.
    if (focused === this.#forth && this.#forth.disabled) this.#back.focus();
    if (focused === this.#back && this.#back.disabled) this.#forth.focus();
  }

  async #turn(by: 1 | -1): Promise<void> {
    if (by === -1) this.#cursors.pop();
    else if (this.#next !== null) this.#cursors.push(this.#next);
    await this.refresh();
  }
}
