/**
 * What happened, said once to everybody: seen above the page and read out by screen readers.
 *
 * Never: a secret; what has to be answered, which is a dialog.
 */

import { ApiProblem } from './api-client.ts';
import { button, found } from './element.ts';

export function sayDone(text: string): void {
  show('#notice-done', text);
}

/** At once, also while something else is read. */
export function sayFailed(error: unknown): void {
  const isKnown = error instanceof ApiProblem;
  show('#notice-failed', isKnown ? error.message : 'Something went wrong in this page.');
  if (!isKnown) reportError(error);
}

/** Before the page shows something else. */
export function clearNotices(): void {
  for (const selector of ['#notice-done', '#notice-failed']) {
    found(selector, HTMLElement).replaceChildren();
  }
}

/** Does what a button is for; what fails is said. */
export function attempt(work: () => Promise<void>): void {
  work().catch(sayFailed);
}

/** Does what changes the thing that is shown, and shows it anew; also when somebody else has changed it. */
export function attemptOn(refresh: () => Promise<unknown>, work: () => Promise<unknown>): void {
  attempt(async () => {
    try {
      await work();
    } catch (error) {
      if (error instanceof ApiProblem && error.isStale) await refresh();
      throw error;
    }
    await refresh();
  });
}

function show(selector: string, text: string): void {
  clearNotices();
  const place = found(selector, HTMLElement);
  const close = button('Dismiss', () => place.replaceChildren());
  const words = document.createElement('p');
  words.textContent = text;
  place.replaceChildren(words, close);
}
