/**
 * The console: asks for a token, finds out what it may do, and shows the views that are for it. Everything that
 * is shown comes from the REST API with that token; this page is public and knows nothing.
 */

import { ApiClient, ApiProblem } from './api-client.ts';
import { closeDialogs } from './dialog.ts';
import { found } from './element.ts';
import { textOf, textsOf } from './fields.ts';
import { forgetToken, keepToken, keptToken } from './kept-token.ts';
import { followMenu } from './narrow-menu.ts';
import { sayFailed } from './notice.ts';
import { Router } from './router.ts';
import { followTheme } from './theme.ts';
import type { Self } from './view.ts';
import { allPlaces } from './views/all.ts';
import { zoneWords } from './words.ts';

const signIn = found('#sign-in', HTMLElement);
const form = found('#sign-in-form', HTMLFormElement);
const input = found('#token', HTMLInputElement);
const problem = found('#sign-in-problem', HTMLElement);
const shell = found('#shell', HTMLElement);
const who = found('#who', HTMLElement);

let signedIn = new AbortController();

/** Back to the question for a token; a token that was refused is not kept. */
function signOut(why: string): void {
  signedIn.abort();
  closeDialogs();
  forgetToken();
  shell.hidden = true;
  signIn.hidden = false;
  problem.textContent = why;
  document.title = 'Sign in – Poplar';
  input.value = '';
  input.focus();
}

async function enter(token: string): Promise<void> {
  const mine = new AbortController();
  // A late answer to who was signed in before says nothing of who is now.
  const api = new ApiClient(token, () => {
    if (signedIn === mine) signOut('The token is good no more.');
  });
  const self = await selfOf(api);
  keepToken(token);
  input.value = '';
  problem.textContent = '';
  signIn.hidden = true;
  shell.hidden = false;
  who.textContent = self.domain === null ? self.actor : `${self.actor}, ${self.domain} alone`;
  signedIn = mine;
  new Router({ api, self, places: allPlaces, signedOut: signedIn.signal });
  found('#main', HTMLElement).focus();
}

async function selfOf(api: ApiClient): Promise<Self> {
  const { actor, scopes, domain } = await api.get('/self');
  return {
    actor: textOf(actor),
    scopes: textsOf(scopes),
    domain: domain === null ? null : textOf(domain),
  };
}

async function tried(token: string): Promise<void> {
  try {
    await enter(token);
  } catch (error) {
    const isRefused = error instanceof ApiProblem && error.status === 401;
    const isKnown = error instanceof ApiProblem;
    signOut(isRefused ? 'This token is not good.' : isKnown ? error.message : 'It did not work.');
    if (!isKnown) reportError(error);
  }
}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  const token = input.value.trim();
  if (token === '') problem.textContent = 'Type a token.';
  else void tried(token);
});
found('#sign-out', HTMLButtonElement).addEventListener('click', () => signOut(''));
// Not by its address, which names views.
found('#skip', HTMLAnchorElement).addEventListener('click', (event) => {
  event.preventDefault();
  found('#main', HTMLElement).focus();
});
found('#zone', HTMLElement).textContent = zoneWords();
followMenu(found('#menu', HTMLButtonElement), found('#shell header', HTMLElement));
followTheme(found('#theme', HTMLSelectElement));
addEventListener('unhandledrejection', ({ reason }) => sayFailed(reason));

const kept = keptToken();
if (kept === null) signOut('');
else void tried(kept);
