/**
 * The whole cluster at a glance: what is open, what goes through it, and how its nodes fare, brought up to
 * date while it is looked at.
 */

import { element } from '../element.ts';
import { dateOf, type Fields, fieldsOf, itemsOf, numberOf, textOf } from '../fields.ts';
import { overviewIntervalMs } from '../limits.ts';
import { type Line, LineChart } from '../line-chart.ts';
import { History, Rates } from '../rates.ts';
import { badge, Table } from '../table.ts';
import { may, repeat, type View, type ViewParts, type ViewPlace } from '../view.ts';
import { countWords, octetWords, rateWords, secondsWords, timeWords } from '../words.ts';

const outcomes: readonly Line[] = [
  { name: 'loginsOpened', label: 'opened' },
  { name: 'loginsCredentials', label: 'wrong credentials' },
  { name: 'loginsInUse', label: 'maildrop in use' },
  { name: 'loginsTemporary', label: 'temporary failure' },
  { name: 'loginsDisabled', label: 'disabled' },
  { name: 'loginsLoginDelay', label: 'login delay' },
];
const throughput: readonly Line[] = [
  { name: 'sentOctets', label: 'sent to clients' },
  { name: 'receivedOctets', label: 'received from clients' },
  { name: 'deliveredOctets', label: 'delivered by LMTP' },
];
const messages: readonly Line[] = [
  { name: 'messagesRetrieved', label: 'retrieved' },
  { name: 'messagesFlagged', label: 'removed by QUIT' },
  { name: 'messagesDelivered', label: 'delivered' },
];
const counted = [...outcomes, ...throughput, ...messages].map(({ name }) => name);
const perSecond = (value: number): string => `${rateWords(value)}/s`;

class Overview {
  readonly content: HTMLElement;
  readonly #tiles = element('dl', { class: 'tiles' });
  readonly #rates = new Rates([...counted, 'commands']);
  readonly #sessionHistory = new History();
  readonly #rateHistory = new History();
  readonly #delayHistory = new History();
  readonly #sessions = new LineChart({ title: 'Sessions open', words: rateWords });
  readonly #logins = new LineChart({ title: 'Logins', words: perSecond });
  readonly #octets = new LineChart({
    title: 'Throughput',
    base: 1_024,
    words: (value) => `${octetWords(value)}/s`,
  });
  readonly #messages = new LineChart({ title: 'Messages', words: perSecond });
  readonly #commands = new LineChart({ title: 'POP3 commands', words: perSecond });
  readonly #delays = new LineChart({ title: 'Event-loop lag', words: secondsWords });
  readonly #outcomes = new Table({
    caption: 'Logins by outcome',
    empty: 'No node has said anything yet.',
    key: ({ outcome }) => textOf(outcome),
    columns: [
      { head: 'Outcome', cell: ({ outcome }) => textOf(outcome) },
      { head: 'Now', isNumber: true, cell: ({ rate }) => textOf(rate) },
      { head: 'Since start', isNumber: true, cell: ({ sum }) => countWords(numberOf(sum)) },
    ],
  });
  readonly #nodes = nodeTable();

  constructor() {
    const charts = [
      ...[this.#sessions, this.#logins, this.#octets],
      ...[this.#messages, this.#commands, this.#delays],
    ];
    this.content = element(
      'div',
      {},
      this.#tiles,
      element('div', { class: 'cards' }, ...charts.map((chart) => chart.element)),
      element(
        'div',
        { class: 'cards' },
        element('section', {}, element('h2', {}, 'Nodes'), this.#nodes.element),
        element('section', {}, element('h2', {}, 'Logins by outcome'), this.#outcomes.element),
      ),
    );
  }

  show(overview: Fields): void {
    const at = dateOf(overview.at) ?? new Date();
    const rates = this.#rates.add(overview);
    const nodes = itemsOf(overview.nodes);
    const totals = fieldsOf(overview.totals);
    const sessions = numberOf(overview.sessions);
    this.#sessionHistory.add(at, new Map([['sessions', sessions]]));
    this.#sessions.show(this.#sessionHistory.points, [{ name: 'sessions', label: 'all nodes' }]);
    if (rates !== null) this.#rateHistory.add(at, rates);
    const points = this.#rateHistory.points;
    this.#logins.show(points, outcomes);
    this.#octets.show(points, throughput);
    this.#messages.show(points, messages);
    this.#commands.show(points, [{ name: 'commands', label: 'all nodes' }]);
    this.#showDelays(at, nodes);
    this.#nodes.show(nodes);
    this.#outcomes.show(
      outcomes.map(({ name, label }) => ({
        ...{ outcome: label, sum: totals[name] },
        rate: perSecond(rates?.get(name) ?? 0),
      })),
    );
    this.#tiles.replaceChildren(...tilesOf(overview, rates));
  }

  #showDelays(at: Date, nodes: readonly Fields[]): void {
    const there = nodes.filter(({ figures }) => figures !== null);
    const delays = there.map(
      ({ node, figures }) =>
        [textOf(node), numberOf(fieldsOf(figures).eventLoopDelaySeconds)] as const,
    );
    this.#delayHistory.add(at, new Map(delays));
    const lines = delays.map(([name]) => ({ name, label: name }));
    this.#delays.show(this.#delayHistory.points, lines);
  }
}

function tilesOf(overview: Fields, rates: ReadonlyMap<string, number> | null): HTMLElement[] {
  const nodes = itemsOf(overview.nodes);
  const database = fieldsOf(overview.database);
  const totals = fieldsOf(overview.totals);
  const up = nodes.filter(({ state }) => state === 'up').length;
  const logins = outcomes.reduce((sum, { name }) => sum + (rates?.get(name) ?? 0), 0);
  const ofConnections = `of ${countWords(numberOf(database.connectionsMax))}`;
  const tile = (name: string, value: string, more = ''): HTMLElement =>
    element(
      'div',
      { class: 'tile' },
      element('dt', {}, name),
      element('dd', {}, value, more === '' ? null : element('small', {}, ` ${more}`)),
    );
  return [
    tile('Sessions open', countWords(numberOf(overview.sessions))),
    tile('Nodes serving', String(up), `of ${nodes.length}`),
    tile('Logins', perSecond(logins)),
    tile('Commands', perSecond(rates?.get('commands') ?? 0)),
    tile('Event-loop lag', secondsWords(numberOf(totals.eventLoopDelaySeconds))),
    tile('Mailboxes', countWords(numberOf(database.mailboxes))),
    tile('PostgreSQL connections', countWords(numberOf(database.connections)), ofConnections),
    tile('Purge is behind by', secondsWords(numberOf(database.purgeLagSeconds))),
  ];
}

function nodeTable(): Table {
  const figure =
    (name: string, words: (value: number) => string) =>
    ({ figures }: Fields) =>
      figures === null ? '' : words(numberOf(fieldsOf(figures)[name]));
  return new Table({
    caption: 'Nodes at a glance',
    empty: 'No node was heard of within an hour.',
    key: ({ node }) => textOf(node),
    columns: [
      { head: 'Node', cell: ({ node }) => textOf(node) },
      { head: 'State', cell: ({ state }) => badge(textOf(state)) },
      { head: 'Sessions', isNumber: true, cell: ({ sessions }) => countWords(numberOf(sessions)) },
      { head: 'Connections', isNumber: true, cell: figure('connections', countWords) },
      { head: 'Lag', isNumber: true, cell: figure('eventLoopDelaySeconds', secondsWords) },
      { head: 'Last report', cell: ({ reportedAt }) => timeWords(dateOf(reportedAt)) },
    ],
  });
}

async function open({ api, left }: ViewParts): Promise<View> {
  const overview = new Overview();
  repeat(async () => overview.show(await api.get('/overview')), overviewIntervalMs, left);
  return { title: 'Overview', content: overview.content };
}

export const overviewPlace: ViewPlace = {
  name: 'overview',
  label: 'Overview',
  isFor: (self) => may(self, 'read') && self.domain === null,
  open,
};
