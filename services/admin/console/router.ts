/**
 * Which view is shown: the one that the address names (`#/mailboxes/ann%40example.org`). One is left before the
 * next is made; an answer that comes when its view was left is dropped.
 */

import type { ApiClient } from './api-client.ts';
import { button, element, found } from './element.ts';
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
    const { signedOut, self } = parts;
    const places = parts.places.filter((place) => place.isFor(self));
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
    const { api, self } = this.#parts;
    const place = this.#placeOf(name);
    this.#leave();
    clearNotices();
    this.#leaving = new AbortController();
    const left = this.#leaving.signal;
    this.#mark(place?.name ?? name);
    if (place === null) return this.#show('Not for this token', this.#refusal(name));
    this.#main.setAttribute('aria-busy', 'true');
    try {
      const { title, content } = await place.open({ api, self, left, rest });
      if (!left.aborted) this.#show(title, content);
    } catch (error) {
      if (left.aborted) return;
      const again = button('Try again', () => void this.#go(), { look: 'main' });
      const words = element('p', {}, 'It cannot be shown.');
      this.#show(place.label, element('div', {}, words, again));
      sayFailed(error);
    }
  }

  /** The first that the token allows, where none is named; null for one that it does not allow. */
  #placeOf(name: string): ViewPlace | null {
    const { places, self } = this.#parts;
    const named = places.find((one) => one.name === name);
    const place = named ?? places.find((one) => one.isFor(self));
    return place?.isFor(self) === true ? place : null;
  }

  #refusal(name: string): HTMLElement {
    const label = this.#parts.places.find((one) => one.name === name)?.label;
    const what = label === undefined ? 'nothing of this page' : `${label} not`;
    const words = `This token may see ${what}: ask whoever made it for one with the scope.`;
    return element('p', {}, words);
  }

  #mark(name: string): void {
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
