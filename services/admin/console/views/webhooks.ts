/**
 * Whom events are sent to. Each has a page of its own.
 */

import { segment } from '../api-client.ts';
import { button, element } from '../element.ts';
import { type Fields, numberOf, textOf, textsOf } from '../fields.ts';
import { listIntervalMs } from '../limits.ts';
import { attempt } from '../notice.ts';
import { Pages } from '../pages.ts';
import { badge, Table } from '../table.ts';
import { may, repeat, type View, type ViewParts, type ViewPlace } from '../view.ts';
import { countWords } from '../words.ts';
import { addWebhook } from './new-webhook.ts';
import { openWebhook } from './webhook.ts';

function webhookTable(): Table {
  const link = ({ webhookId, url }: Fields): HTMLElement =>
    element('a', { href: `#/webhooks/${segment(textOf(webhookId))}` }, textOf(url));
  return new Table({
    caption: 'Webhooks',
    empty: 'There is no webhook: nobody is told of anything.',
    key: ({ webhookId }) => textOf(webhookId),
    columns: [
      { head: 'URL', cell: link },
      { head: 'State', cell: ({ enabled }) => badge(enabled === true ? 'active' : 'suspended') },
      { head: 'Events', cell: ({ events }) => textsOf(events).join(', ') },
      { head: 'Domain', cell: ({ domain }) => textOf(domain) || 'all' },
      { head: 'Waiting', isNumber: true, cell: ({ pending }) => countWords(numberOf(pending)) },
      { head: 'Dead letters', isNumber: true, cell: ({ dead }) => countWords(numberOf(dead)) },
      { head: 'Made by', cell: ({ createdBy }) => textOf(createdBy) },
    ],
  });
}

async function openList(parts: ViewParts): Promise<View> {
  const table = webhookTable();
  const listing = () => ({ path: '/webhooks', asked: {} });
  const pages = new Pages({ api: parts.api, table, listing, noun: 'webhooks' });
  const added = async (): Promise<void> => {
    const webhookId = await addWebhook(parts);
    if (webhookId !== null) location.hash = `#/webhooks/${segment(webhookId)}`;
  };
  const add = button('New webhook', () => attempt(added), { look: 'main' });
  await pages.begin();
  repeat(() => pages.refresh(), listIntervalMs, parts.left);
  const content = element('div', {}, element('div', { class: 'actions' }, add), table.element);
  content.append(pages.element);
  return { title: 'Webhooks', content };
}

export const webhooksPlace: ViewPlace = {
  name: 'webhooks',
  label: 'Webhooks',
  isFor: (self) => may(self, 'webhooks'),
  open: (parts) => {
    const [webhookId = ''] = parts.rest;
    return webhookId === '' ? openList(parts) : openWebhook(parts, webhookId);
  },
};
