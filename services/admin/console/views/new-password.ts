/**
 * Passwords of a mailbox: made here or typed by the operator, sent once, shown once.
 *
 * Never: a password that is kept in this page when its dialog is closed.
 */

import { type ApiClient, ApiProblem, segment } from '../api-client.ts';
import { asked, field, shownOnce } from '../dialog.ts';
import { button, element } from '../element.ts';
import { textOf } from '../fields.ts';
import { madePassword } from '../made-password.ts';
import { attempt, sayDone } from '../notice.ts';
import { may, type Self } from '../view.ts';
import { addDomain } from './new-domain.ts';

/** How a new mailbox gets a password; the first is what is wanted mostly. */
const choices = [
  ['made', 'Make one and show it once'],
  ['typed', 'Use the one typed here'],
] as const;

function passwordFields(others: readonly (readonly [string, string])[] = []): HTMLElement[] {
  const typed = field({ label: 'Password', name: 'password', type: 'password' });
  typed.hidden = true;
  const options = [...choices, ...others].map(([value, label], index) => {
    const radio = element('input', {
      ...{ type: 'radio', name: 'choice', value, checked: index === 0 },
    });
    radio.addEventListener('change', () => {
      typed.hidden = value !== 'typed';
    });
    return element('label', { class: 'choice' }, radio, label);
  });
  const legend = element('legend', {}, 'Password');
  return [element('fieldset', {}, legend, ...options), typed];
}

function chosenPassword(given: FormData): string | null {
  const choice = given.get('choice');
  if (choice === 'none') return null;
  if (choice === 'made') return madePassword();
  const typed = textOf(given.get('password'));
  if (typed === '') throw new Error('Type a password.');
  return typed;
}

/** What was set, and whether the operator has not seen it yet. */
interface Chosen {
  readonly address: string;
  readonly password: string | null;
  readonly isMade: boolean;
}

async function shownIfMade({ address, password, isMade }: Chosen): Promise<void> {
  if (isMade && password !== null) {
    await shownOnce('The password', `Password of ${address}`, password);
  }
}

/** What leads on from "there is no such domain": it is added, and then the mailbox, without typing anew. */
function missingDomain(api: ApiClient, self: Self) {
  let name = '';
  const add = async (): Promise<void> => {
    if ((await addDomain(api, name)) === null) return;
    made.hidden = true;
    made.closest('form')?.requestSubmit();
  };
  const made = button('Add the domain', () => attempt(add));
  made.hidden = true;
  return {
    element: made,
    offer: (domain: string | null): void => {
      name = domain ?? '';
      made.textContent = `Add the domain ${name}`;
      // A domain is the matter of a token that sees all of them.
      made.hidden = name === '' || self.domain !== null || !may(self, 'mailboxes');
    },
  };
}

/** Asks for an address and makes its mailbox. The address, or null when it was not made. */
export async function addMailbox(api: ApiClient, self: Self): Promise<string | null> {
  const none = ['none', 'None yet: nobody can log in'] as const;
  const hint = 'local@domain; the domain must be there';
  const missing = missingDomain(api, self);
  const content = [
    field({ label: 'Address', name: 'address', type: 'text', isRequired: true, hint }),
    ...passwordFields([none]),
    missing.element,
  ];
  const parts = { title: 'New mailbox', content, does: 'Add mailbox' };
  const chosen = await asked(parts, async (given): Promise<Chosen> => {
    const password = chosenPassword(given);
    const wanted = { address: textOf(given.get('address')).trim() };
    const body = password === null ? wanted : { ...wanted, password };
    missing.offer(null);
    const answer = await api.send('POST', '/mailboxes', body).catch((error: unknown) => {
      const isMissing = error instanceof ApiProblem && error.code === 'domain-not-found';
      if (isMissing) missing.offer(wanted.address.split('@').at(-1) ?? '');
      throw error;
    });
    const address = textOf(answer.address);
    return { address, password, isMade: given.get('choice') === 'made' };
  });
  if (chosen === null) return null;
  await shownIfMade(chosen);
  return chosen.address;
}

export async function setPassword(api: ApiClient, address: string): Promise<void> {
  const content = [
    element('p', {}, 'The one before opens nothing from then on, on any node.'),
    ...passwordFields(),
  ];
  const parts = { title: `Set the password of ${address}`, content, does: 'Set password' };
  const chosen = await asked(parts, async (given): Promise<Chosen> => {
    const password = chosenPassword(given);
    await api.send('PUT', `/mailboxes/${segment(address)}/password`, { password });
    return { address, password, isMade: given.get('choice') === 'made' };
  });
  if (chosen === null) return;
  await shownIfMade(chosen);
  sayDone(`The password of ${address} is set.`);
}

export async function addAppPassword(api: ApiClient, address: string): Promise<void> {
  const hint = 'Such as the device it is for; it is shown in the list of credentials.';
  const content = [field({ label: 'Label', name: 'label', isRequired: true, hint })];
  const title = `New app password of ${address}`;
  const made = await asked({ title, content, does: 'Make app password' }, async (given) => {
    const body = { label: textOf(given.get('label')) };
    const path = `/mailboxes/${segment(address)}/app-passwords`;
    return textOf((await api.send('POST', path, body)).appPassword);
  });
  if (made !== null) await shownOnce('The app password', `App password of ${address}`, made);
}
