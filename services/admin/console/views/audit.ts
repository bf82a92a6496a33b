/**
 * Who changed what, the latest first: of all that the token reaches, or of one mailbox.
 */

import { type Child, element, freshId } from '../element.ts';
import { dateOf, type Fields, fieldsOf, textOf } from '../fields.ts';
import { attempt } from '../notice.ts';
import { Pages } from '../pages.ts';
import { Table } from '../table.ts';
import { may, type View, type ViewParts, type ViewPlace } from '../view.ts';
import { timeWords } from '../words.ts';

function detailOf({ detail }: Fields): Child {
  const words = Object.entries(fieldsOf(detail)).map(
    ([name, value]) => `${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  return words.length === 0 ? '' : element('code', {}, words.join(', '));
}

async function open({ api, rest }: ViewParts): Promise<View> {
  const table = new Table({
    caption: 'Changes, the latest first',
    empty: 'Nothing was changed.',
    key: ({ auditId }) => textOf(auditId),
    columns: [
      { head: 'When', cell: ({ at }) => timeWords(dateOf(at)) },
      { head: 'Who', cell: ({ actor }) => textOf(actor) },
      { head: 'Did', cell: ({ action }) => element('code', {}, textOf(action)) },
      { head: 'To', cell: ({ subject }) => textOf(subject) },
      { head: 'How', cell: detailOf },
    ],
  });
  const id = freshId();
  const input = element('input', {
    ...{ id, type: 'search', name: 'address', value: rest[0] ?? '', autocomplete: 'off' },
    ...{ placeholder: 'ann@example.org' },
  });
  const listing = () => ({ path: '/audit', asked: { address: input.value.trim() } });
  const pages = new Pages({ api, table, listing, noun: 'changes' });
  const form = element(
    'form',
    { role: 'search', class: 'search' },
    element('label', { for: id }, 'Only of the mailbox'),
    input,
    element('button', { type: 'submit', class: 'button main' }, 'Show'),
  );
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    attempt(() => pages.begin());
  });
  await pages.begin();
  return { title: 'Audit', content: element('div', {}, form, table.element, pages.element) };
}

export const auditPlace: ViewPlace = {
  name: 'audit',
  label: 'Audit',
  isFor: (self) => may(self, 'read'),
  open,
};
