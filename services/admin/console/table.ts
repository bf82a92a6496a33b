/**
 * Tables of what the API lists. Rows keep their elements while what they show stays the same, so that a
 * list that is brought up to date takes neither the focus nor the place of the reader away.
 */

import { type Child, element } from './element.ts';
import type { Fields } from './fields.ts';

export interface Column {
  readonly head: string;
  readonly cell: (item: Fields) => Child;
  /** Figures stand to the right. */
  readonly isNumber?: boolean;
}

export interface TableParts {
  /** Read out before the table; not seen where a heading says it. */
  readonly caption: string;
  readonly columns: readonly Column[];
  /** Each row has its own. */
  readonly key: (item: Fields) => string;
  readonly empty: string;
}

interface ShownRow {
  readonly json: string;
  readonly row: HTMLTableRowElement;
}

export class Table {
  readonly element: HTMLElement;
  readonly #parts: TableParts;
  readonly #body = element('tbody');
  readonly #empty: HTMLElement;
  readonly #scroll: HTMLElement;
  #shown: ReadonlyMap<string, ShownRow> = new Map();

  constructor(parts: TableParts) {
    this.#parts = parts;
    const heads = parts.columns.map(({ head, isNumber = false }) =>
      element('th', { scope: 'col', class: isNumber ? 'number' : '' }, head),
    );
    const caption = element('caption', { class: 'unseen' }, parts.caption);
    const head = element('thead', {}, element('tr', {}, ...heads));
    const table = element('table', {}, caption, head, this.#body);
    // What is too wide is scrolled in its own place, by keys as well.
    this.#scroll = element(
      'div',
      { class: 'table', role: 'region', tabindex: 0, 'aria-label': parts.caption },
      table,
    );
    this.#empty = element('p', { class: 'empty', tabindex: -1 }, parts.empty);
    this.element = element('div', {}, this.#scroll, this.#empty);
    this.show([]);
  }

  show(items: readonly Fields[]): void {
    const focused = this.#focused();
    const shown = new Map<string, ShownRow>();
    for (const item of items) {
      const key = this.#parts.key(item);
      const json = JSON.stringify(item);
      const former = this.#shown.get(key);
      shown.set(key, former?.json === json ? former : { json, row: this.#rowOf(item) });
    }
    for (const [key, { row }] of this.#shown) if (shown.get(key)?.row !== row) row.remove();
    [...shown.values()].forEach(({ row }, index) => {
      const there = this.#body.rows.item(index);
      if (there !== row) this.#body.insertBefore(row, there);
    });
    this.#shown = shown;
    this.#scroll.hidden = items.length === 0;
    this.#empty.hidden = items.length > 0;
    if (focused !== null && document.activeElement !== focused.control) this.#focusAgain(focused);
  }

  #focused(): Focused | null {
    const control = document.activeElement;
    if (!(control instanceof HTMLElement)) return null;
    for (const [key, { row }] of this.#shown) {
      if (!row.contains(control)) continue;
      return { control, key, place: controlsOf(row).indexOf(control) };
    }
    return null;
  }

  /** What had the focus is gone with its row: whoever uses a keyboard goes on where it was. */
  #focusAgain({ key, place }: Focused): void {
    const row = this.#shown.get(key)?.row;
    const controls = row === undefined ? [] : controlsOf(row);
    const next = controls[place] ?? controls[0] ?? this.#scroll;
    if (this.#scroll.hidden) this.#empty.focus();
    else next.focus();
  }

  #rowOf(item: Fields): HTMLTableRowElement {
    const cells = this.#parts.columns.map(({ cell, isNumber = false }, index) => {
      const what = cell(item);
      if (index === 0) return element('th', { scope: 'row' }, what);
      return element('td', { class: isNumber ? 'number' : '' }, what);
    });
    return element('tr', {}, ...cells);
  }
}

interface Focused {
  readonly control: HTMLElement;
  readonly key: string;
  /** Among what can have the focus in its row. */
  readonly place: number;
}

function controlsOf(row: HTMLElement): HTMLElement[] {
  return [...row.querySelectorAll<HTMLElement>('a, button, summary')];
}

/** A day of the calendar (`2026-11-26`), on one line. */
export function day(text: string): HTMLElement {
  return element('time', { datetime: text }, text);
}

/** A word in a colour; the word says it without the colour, too. */
export function badge(word: string): HTMLElement {
  const looks: Readonly<Record<string, string>> = {
    ...{ active: 'good', up: 'good', serving: 'good' },
    ...{ complete: 'good', delivered: 'good', good: 'good', running: 'busy', pending: 'busy' },
    ...{ cancelled: 'warned', interrupted: 'warned', over: 'warned' },
    ...{ failed: 'bad', dead: 'bad', revoked: 'bad' },
    ...{ suspended: 'warned', draining: 'warned', drained: 'warned', flagged: 'warned' },
    ...{ deleting: 'bad', gone: 'bad', down: 'bad' },
  };
  return element('span', { class: `badge ${looks[word] ?? ''}` }, word);
}
