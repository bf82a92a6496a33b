/**
 * Which view is shown: the one that the address names (`#/mailboxes/ann%40example.org`). One is left before the
 * next is made; an answer that comes when its view was left is dropped.
 */

import type { ApiClient } from './api-client.ts';
import { element, found } from './element.ts';
import { clearNotices, sayFailed } from './notice.ts';
import type { Self, ViewPlace } from './view.ts';

export interface RouterParts {
  readonly api: ApiClient;
  readonly self: Self;
  readonly places: readonly ViewPlace[];
  /** Aborted when the operator signs out. */
  readonly signedOut: AbortSignal;
}

export class Router {
  readonly #parts: RouterParts;
  readonly #main = found('#main', HTMLElement);
  readonly #links: ReadonlyMap<string, HTMLAnchorElement>;
  #leaving = new AbortController();
  #isFirst = true;

  constructor(parts: RouterParts) {
    this.#parts = parts;
    const { places, signedOut } = parts;
    this.#links = new Map(
      places.map(({ name, label }) => [name, element('a', { href: `#/${name}` }, label)]),
    );
    const items = [...this.#links.values()].map((link) => element('li', {}, link));
    found('#views', HTMLElement).replaceChildren(...items);
    addEventListener('hashchange', () => void this.#go(), { signal: signedOut });
    signedOut.addEventListener('abort', () => this.#leave(), { once: true });
    void this.#go();
  }

  #leave(): void {
    this.#leaving.abort();
    this.#main.replaceChildren();
  }

  async #go(): Promise<void> {
    const [name = '', ...rest] = location.hash.replace(/^#\/?/, '').split('/').map(decoded);
    const { places, api, self } = this.#parts;
    const place = places.find((one) => one.name === name) ?? places[0];
    if (place === undefined) {
      this.#main.replaceChildren(element('p', {}, 'This token may see nothing of this page.'));
      return;
    }
    this.#leave();
    clearNotices();
    this.#leaving = new AbortController();
    const left = this.#leaving.signal;
    this.#mark(place);
    this.#main.setAttribute('aria-busy', 'true');
    try {
      const { title, content } = await place.open({ api, self, left, rest });
      if (!left.aborted) this.#show(title, content);
    } catch (error) {
      if (!left.aborted) this.#show(place.label, element('p', {}, 'It cannot be shown.'));
      if (!left.aborted) sayFailed(error);
    }
  }

  #mark({ name }: ViewPlace): void {
    for (const [of, link] of this.#links) {
      if (of === name) link.setAttribute('aria-current', 'page');
      else link.removeAttribute('aria-current');
    }
  }

  #show(title: string, content: HTMLElement): void {
    document.title = `${title} – Poplar`;
    const heading = element('h1', { tabindex: -1 }, title);
    this.#main.replaceChildren(heading, content);
    this.#main.removeAttribute('aria-busy');
    // Who goes somewhere by keyboard or screen reader is told where that is.
    if (!this.#isFirst) heading.focus();
    this.#isFirst = false;
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
