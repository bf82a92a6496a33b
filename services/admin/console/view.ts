/**
 * What a view is: a part of the page with an address of its own (`#/sessions`), made when it is gone to and
 * ended when it is left.
 *
 * Never: a timer that runs on when its view is left, or while nobody looks at the page.
 */

import type { ApiClient } from './api-client.ts';
import { sayDone, sayFailed } from './notice.ts';

/** Who is signed in. */
export interface Self {
  readonly actor: string;
  readonly scopes: readonly string[];
  /** The only domain that the token sees; null for all. */
  readonly domain: string | null;
}

export interface ViewParts {
  readonly api: ApiClient;
  readonly self: Self;
  /** Aborted when the view is left. */
  readonly left: AbortSignal;
  /** What stands behind the name of the view in the address. */
  readonly rest: readonly string[];
}

export interface View {
  readonly title: string;
  readonly content: HTMLElement;
}

/** A view and how it is found. */
export interface ViewPlace {
  readonly name: string;
  readonly label: string;
  readonly isFor: (self: Self) => boolean;
  readonly open: (parts: ViewParts) => Promise<View>;
}

/** What a token needs for a view, as far as its scopes say it. */
export function may(self: Self, ...anyOf: readonly string[]): boolean {
  return anyOf.some((scope) => self.scopes.includes(scope));
}

/** Does it now and again and again, one at a time, while the page is looked at, until the view is left. */
export function repeat(work: () => Promise<void>, everyMs: number, left: AbortSignal): void {
  let isRunning = false;
  let isFailing = false;
  const once = async (): Promise<void> => {
    if (isRunning || document.hidden || left.aborted) return;
    isRunning = true;
    try {
      await work();
      if (isFailing && !left.aborted) sayDone('The node answers again.');
      isFailing = false;
    } catch (error) {
      // Once for an outage, not every few seconds.
      if (!isFailing && !left.aborted) sayFailed(error);
      isFailing = true;
    } finally {
      isRunning = false;
    }
  };
  const timer = setInterval(() => void once(), everyMs);
  const seen = (): void => void once();
  document.addEventListener('visibilitychange', seen, { signal: left });
  left.addEventListener('abort', () => clearInterval(timer), { once: true });
  void once();
}
