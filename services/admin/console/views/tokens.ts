/**
 * The tokens of the API: what each may do, for how long, and when it was used last; made, and revoked.
 *
 * Never: a token that is shown twice.
 */

import { segment } from '../api-client.ts';
import { selectField, tickBoxes, ticked } from '../choices.ts';
import { asked, confirmed, field, shownOnce } from '../dialog.ts';
import { button, type Child, element } from '../element.ts';
import { dateOf, type Fields, textOf, textsOf } from '../fields.ts';
import { type Choice, scopeChoices } from '../known-names.ts';
import { attempt, sayDone } from '../notice.ts';
import { Pages } from '../pages.ts';
import { badge, type Column, day, Table } from '../table.ts';
import { may, type View, type ViewParts, type ViewPlace } from '../view.ts';
import { timeWords } from '../words.ts';

const dayMs = 86_400_000;

/** Days for which a token is good. */
const terms: readonly Choice[] = [
  ['1', 'In a day'],
  ['7', 'In 7 days'],
  ['90', 'In 90 days'],
  ['365', 'In a year'],
  ['', 'Never'],
];

function stateOf({ isGood, revokedAt }: Fields): string {
  if (isGood === true) return 'good';
  return revokedAt === null ? 'over' : 'revoked';
}

function columns(revoke: (item: Fields) => Promise<void>): Column[] {
  const actions = (item: Fields): Child => {
    if (item.isGood !== true) return null;
    const name = `Revoke the token ${textOf(item.label)}`;
    return button('Revoke', () => attempt(() => revoke(item)), { name, look: 'danger' });
  };
  return [
    { head: 'Label', cell: ({ label }) => textOf(label) },
    { head: 'State', cell: (item) => badge(stateOf(item)) },
    { head: 'Scopes', cell: ({ scopes }) => textsOf(scopes).join(', ') },
    { head: 'Domain', cell: ({ domain }) => textOf(domain) || 'all' },
    { head: 'Expires', cell: ({ expiresAt }) => timeWords(dateOf(expiresAt)) || 'never' },
    {
      head: 'Last used',
      cell: ({ lastUsedOn }) => (lastUsedOn === null ? 'never' : day(textOf(lastUsedOn))),
    },
    { head: 'Made', cell: ({ createdAt }) => timeWords(dateOf(createdAt)) },
    { head: 'Made by', cell: ({ createdBy }) => textOf(createdBy) },
    { head: 'Actions', cell: actions },
  ];
}

/** Whether one was made. */
async function addToken({ api, self }: ViewParts): Promise<boolean> {
  // What the own token may not do, it cannot give.
  const choices = scopeChoices.filter(([name]) => may(self, name));
  const content = [
    field({ label: 'Label', name: 'label', isRequired: true, hint: 'Whom or what it is for.' }),
    tickBoxes({ label: 'Scopes', name: 'scopes', choices }),
    field({ label: 'Domain', name: 'domain', hint: 'Good for this domain alone; empty for all.' }),
    selectField({ label: 'Expires', name: 'days', choices: terms, chosen: ['90'] }),
  ];
  const made = await asked({ title: 'New token', content, does: 'Make token' }, (given) => {
    const domain = textOf(given.get('domain')).trim();
    const days = textOf(given.get('days'));
    const expiresAt = new Date(Date.now() + Number(days) * dayMs).toISOString();
    return api.send('POST', '/tokens', {
      ...{ label: textOf(given.get('label')), scopes: ticked(given, 'scopes', 'scope') },
      ...(domain === '' ? {} : { domain }),
      ...(days === '' ? {} : { expiresAt }),
    });
  });
  if (made === null) return false;
  await shownOnce('The token', 'Token', textOf(made.token));
  return true;
}

async function open(parts: ViewParts): Promise<View> {
  const { api } = parts;
  const revoke = async ({ tokenId, label }: Fields): Promise<void> => {
    const title = `Revoke the token ${textOf(label)}?`;
    const text = 'It opens nothing from then on, on any node. It cannot be had back.';
    if (!(await confirmed({ title, text, does: 'Revoke token', isDanger: true }))) return;
    await api.send('DELETE', `/tokens/${segment(textOf(tokenId))}`);
    sayDone(`The token ${textOf(label)} is revoked.`);
    await pages.refresh();
  };
  const table = new Table({
    caption: 'Tokens',
    empty: 'There is no token but that of the data directory.',
    key: ({ tokenId }) => textOf(tokenId),
    columns: columns(revoke),
  });
  const listing = () => ({ path: '/tokens', asked: {} });
  const pages = new Pages({ api, table, listing, noun: 'tokens' });
  const added = async (): Promise<void> => {
    if (await addToken(parts)) await pages.refresh();
  };
  const add = button('New token', () => attempt(added), { look: 'main' });
  await pages.begin();
  const content = element('div', {}, element('div', { class: 'actions' }, add), table.element);
  content.append(pages.element);
  return { title: 'Tokens', content };
}

export const tokensPlace: ViewPlace = {
  name: 'tokens',
  label: 'Tokens',
  isFor: (self) => may(self, 'tokens') && self.domain === null,
  open,
};
