/**
 * The maildrops that are open, on any node, and how to end a session or break its lock.
 */

import { query, segment } from '../api-client.ts';
import { confirmed } from '../dialog.ts';
import { button, element } from '../element.ts';
import { dateOf, type Fields, textOf } from '../fields.ts';
import { listIntervalMs } from '../limits.ts';
import { attempt, sayDone } from '../notice.ts';
import { Pages } from '../pages.ts';
import { type Column, Table } from '../table.ts';
import { may, repeat, type View, type ViewParts, type ViewPlace } from '../view.ts';
import { timeWords } from '../words.ts';

const ways = {
  end: {
    title: 'End the session?',
    text: 'Its node ends it when its command is over. Nothing that it marked as deleted is removed; the client may log in again.',
    does: 'End session',
    isBroken: false,
  },
  break: {
    title: 'Break the lock?',
    text: 'The maildrop is free at once, whatever its node does. Use it where the node does not answer: the session cannot remove anything from then on.',
    does: 'Break lock',
    isBroken: true,
  },
} as const;

/** Asks, and tells the session to end. True when it was told. */
export async function endSession(
  { api }: Pick<ViewParts, 'api'>,
  address: string,
  way: keyof typeof ways,
): Promise<boolean> {
  const { title, text, does, isBroken } = ways[way];
  if (!(await confirmed({ title: `${title} ${address}`, text, does, isDanger: true })))
    return false;
  const asked = query({ break: isBroken ? 'true' : null });
  await api.send('DELETE', `/sessions/${segment(address)}${asked}`);
  sayDone(
    isBroken ? `The lock of ${address} is broken.` : `The session of ${address} was told to end.`,
  );
  return true;
}

function columns(parts: ViewParts, refresh: () => Promise<void>): Column[] {
  const { self } = parts;
  const buttons = ({ address }: Fields): HTMLElement => {
    const name = textOf(address);
    const end = (way: keyof typeof ways) => () =>
      attempt(async () => {
        if (await endSession(parts, name, way)) await refresh();
      });
    return element(
      'div',
      { class: 'row-actions' },
      button('End', end('end'), { name: `End the session of ${name}` }),
      button('Break lock', end('break'), { name: `Break the lock of ${name}`, look: 'danger' }),
    );
  };
  const toMailbox = ({ address }: Fields) =>
    may(self, 'read', 'mailboxes')
      ? element('a', { href: `#/mailboxes/${segment(textOf(address))}` }, textOf(address))
      : textOf(address);
  return [
    { head: 'Maildrop', cell: toMailbox },
    { head: 'Client', cell: ({ client }) => textOf(client) },
    { head: 'Opened by', cell: ({ actor, address }) => textOf(actor ?? address) },
    { head: 'Since', cell: ({ since }) => timeWords(dateOf(since)) },
    { head: 'Node', cell: ({ node, worker }) => `${textOf(node)}, worker ${String(worker)}` },
    ...(may(self, 'sessions') ? [{ head: 'Actions', cell: buttons }] : []),
  ];
}

async function open(parts: ViewParts): Promise<View> {
  const table = new Table({
    caption: 'Open maildrops',
    empty: 'No maildrop is open.',
    key: ({ address }) => textOf(address),
    columns: columns(parts, () => pages.refresh()),
  });
  const listing = () => ({ path: '/sessions', asked: {} });
  const pages = new Pages({ api: parts.api, table, listing, noun: 'sessions' });
  repeat(() => pages.refresh(), listIntervalMs, parts.left);
  const lead =
    'A maildrop is open in one session at a time, in the whole cluster. This list is brought up to date by itself.';
  const content = element(
    'div',
    {},
    element('p', { class: 'lead' }, lead),
    table.element,
    pages.element,
  );
  return { title: 'Sessions and locks', content };
}

export const sessionsPlace: ViewPlace = {
  name: 'sessions',
  label: 'Sessions',
  isFor: (self) => may(self, 'read', 'sessions'),
  open,
};
