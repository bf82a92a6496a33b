/**
 * Mailboxes: searched, listed a page at a time, added. Each has a page of its own.
 */

import { segment } from '../api-client.ts';
import { button, element, freshId } from '../element.ts';
import { type Fields, numberOf, textOf } from '../fields.ts';
import { typingPauseMs } from '../limits.ts';
import { attempt } from '../notice.ts';
import { Pages } from '../pages.ts';
import { badge, Table } from '../table.ts';
import { may, type View, type ViewParts, type ViewPlace } from '../view.ts';
import { countWords, octetWords } from '../words.ts';
import { openMailbox } from './mailbox.ts';
import { addMailbox } from './new-password.ts';

function mailboxTable(): Table {
  const link = ({ address }: Fields): HTMLElement =>
    element('a', { href: `#/mailboxes/${segment(textOf(address))}` }, textOf(address));
  return new Table({
    caption: 'Mailboxes',
    empty: 'No mailbox is found.',
    key: ({ mailboxId }) => textOf(mailboxId),
    columns: [
      { head: 'Address', cell: link },
      { head: 'Status', cell: ({ status }) => badge(textOf(status)) },
      { head: 'Messages', isNumber: true, cell: ({ messages }) => countWords(numberOf(messages)) },
      { head: 'Size', isNumber: true, cell: ({ octets }) => octetWords(numberOf(octets)) },
    ],
  });
}

/** Those of one domain, a page at a time. */
export function mailboxList({ api }: ViewParts, domain: string) {
  const table = mailboxTable();
  const listing = () => ({ path: '/mailboxes', asked: { domain } });
  const pages = new Pages({ api, table, listing, noun: 'mailboxes' });
  return { begin: () => pages.begin(), element: element('div', {}, table.element, pages.element) };
}

async function openList({ api, self, left }: ViewParts): Promise<View> {
  const table = mailboxTable();
  const id = freshId();
  const input = element('input', { id, type: 'search', name: 'search', autocomplete: 'off' });
  const listing = () => ({ path: '/mailboxes', asked: { search: input.value.trim() } });
  const pages = new Pages({ api, table, listing, noun: 'mailboxes' });
  const add = button('New mailbox', () => attempt(() => added()), { look: 'main' });
  const added = async (): Promise<void> => {
    const address = await addMailbox(api, self);
    if (address !== null) location.hash = `#/mailboxes/${segment(address)}`;
  };
  const form = element(
    'form',
    { role: 'search', class: 'search' },
    element('label', { for: id }, 'Search'),
    ...[input, may(self, 'mailboxes') ? add : null],
  );
  let typing: ReturnType<typeof setTimeout> | undefined;
  const search = (): void => attempt(() => pages.begin());
  input.addEventListener('input', () => {
    clearTimeout(typing);
    typing = setTimeout(search, typingPauseMs);
  });
  left.addEventListener('abort', () => clearTimeout(typing), { once: true });
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    search();
  });
  await pages.begin();
  return { title: 'Mailboxes', content: element('div', {}, form, table.element, pages.element) };
}

export const mailboxesPlace: ViewPlace = {
  name: 'mailboxes',
  label: 'Mailboxes',
  isFor: (self) => may(self, 'read', 'mailboxes'),
  open: (parts) => {
    const [address] = parts.rest;
    return address === undefined ? openList(parts) : openMailbox(parts, address);
  },
};
