/**
 * The domains whose mail is kept here: what is set for each, and how a new one is added. Each has a page of
 * its own.
 */

import { segment } from '../api-client.ts';
import { button, element } from '../element.ts';
import { type Fields, numberOf, textOf } from '../fields.ts';
import { attempt } from '../notice.ts';
import { Pages } from '../pages.ts';
import { badge, Table } from '../table.ts';
import { may, type View, type ViewParts, type ViewPlace } from '../view.ts';
import { countWords } from '../words.ts';
import { delayWords, openDomain, quotaWords } from './domain.ts';
import { addDomain } from './new-domain.ts';

function domainTable(): Table {
  const link = ({ domain }: Fields): HTMLElement =>
    element('a', { href: `#/domains/${segment(textOf(domain))}` }, textOf(domain));
  return new Table({
    caption: 'Domains',
    empty: 'There is no domain yet: add the first one, then its mailboxes.',
    key: ({ domain }) => textOf(domain),
    columns: [
      { head: 'Domain', cell: link },
      { head: 'POP3', cell: ({ pop3Enabled }) => badge(pop3Enabled === true ? 'on' : 'off') },
      {
        ...{ head: 'Mailboxes', isNumber: true },
        cell: ({ mailboxes }) => countWords(numberOf(mailboxes)),
      },
      {
        ...{ head: 'Quota of a mailbox', isNumber: true },
        cell: ({ quotaOctets }) => quotaWords(quotaOctets),
      },
      {
        ...{ head: 'Login delay', isNumber: true },
        cell: ({ loginDelaySeconds }) => delayWords(loginDelaySeconds),
      },
    ],
  });
}

async function openList({ api, self }: ViewParts): Promise<View> {
  const table = domainTable();
  const listing = () => ({ path: '/domains', asked: {} });
  const pages = new Pages({ api, table, listing, noun: 'domains' });
  const added = async (): Promise<void> => {
    const name = await addDomain(api);
    if (name !== null) location.hash = `#/domains/${segment(name)}`;
  };
  const content = element('div');
  if (may(self, 'mailboxes') && self.domain === null) {
    const add = button('New domain', () => attempt(added), { look: 'main' });
    content.append(element('div', { class: 'actions' }, add));
  }
  await pages.begin();
  content.append(table.element, pages.element);
  return { title: 'Domains', content };
}

export const domainsPlace: ViewPlace = {
  name: 'domains',
  label: 'Domains',
  isFor: (self) => may(self, 'read', 'mailboxes'),
  open: (parts) => {
    const [name] = parts.rest;
    return name === undefined || name === '' ? openList(parts) : openDomain(parts, name);
  },
};
