/**
 * What `poplar top` shows people: nodes with what happens in a second on each, the sums, and open maildrops.
 *
 * Never: a number of a node that does not say any; a control character of stored text.
 */

import { dateOf, type Fields, textOf } from '../api/client.ts';
import { printedAge, printedSessions, startsOf, stateOf } from '../node-row.ts';
import { printable, printedDate, printedOctets } from '../output.ts';
import { type NodeNow, type NodeRates, sumOf } from './rates.ts';

export interface State {
  readonly at: string;
  readonly nodes: readonly Fields[];
  /** In the words of the overview. */
  readonly now: readonly NodeNow[];
  readonly sessions: readonly Fields[];
  readonly hasMore: boolean;
}

export function linesOf({ nodes, now, sessions, hasMore }: State): string[] {
  const known = new Map(now.map((one) => [one.node, one]));
  // In the words of `node list`.
  const shown = nodes.flatMap(startsOf).map((row) => {
    const name = printable(row.nodeName).padEnd(30);
    const [state, count, age] = [stateOf(row), printedSessions(row), printedAge(row)];
    const rates = state === 'gone' ? '' : ratesOf(known.get(row.nodeName));
    return `${name} ${state.padEnd(8)} ${count.padStart(9)} ${age.padStart(9)} ${rates}`;
  });
  const open = sessions.map(({ address, node, since, client, actor }) => {
    const from = printable(textOf(client)).padEnd(24);
    const date = dateOf(since);
    const names = [textOf(address).padEnd(40), textOf(node).padEnd(20)].map(printable).join(' ');
    return `${names} ${date === null ? '' : printedDate(date)} ${from} ${printable(textOf(actor))}`;
  });
  const sums = sumOf(now);
  return [
    `${'NODE'.padEnd(30)} ${'STATE'.padEnd(8)} ${'SESSIONS'.padStart(9)} ${'RENEWED'.padStart(9)} ${headings}`,
    ...shown,
    ...(sums === null ? [] : ['', ...sumLines(sums)]),
    '',
    `${'MAILDROP'.padEnd(40)} ${'NODE'.padEnd(20)} ${'SINCE'.padEnd(20)} ${'FROM'.padEnd(24)} BY`,
    ...(open.length === 0 ? ['no maildrop is open'] : open),
    ...(hasMore ? ['...'] : []),
  ].map((line) => line.trimEnd());
}

const headings = ['LOGINS/s', 'FAILED/s', 'RETR/s', 'SENT/s', 'REMOVED/s', 'IN/s']
  .map((title) => title.padStart(9))
  .join(' ');

function ratesOf(now: NodeNow | undefined): string {
  if (now === undefined) return '  says nothing of what it does';
  if (now.silentSeconds !== null)
    return `  silent for ${now.silentSeconds} s: what it does is not known`;
  if (now.rates === null) return '  no rates yet';
  const of = rateIn(now.rates);
  const failed =
    of('loginsCredentials') + of('loginsInUse') + of('loginsTemporary') + of('loginsDisabled');
  return [
    printedRate(of('loginsOpened')),
    printedRate(failed + of('loginsLoginDelay')),
    printedRate(of('messagesRetrieved')),
    printedOctets(Math.round(of('sentOctets'))),
    printedRate(of('messagesFlagged')),
    printedRate(of('messagesDelivered')),
  ]
    .map((text) => text.padStart(9))
    .join(' ');
}

function sumLines(sums: NodeRates): string[] {
  const of = rateIn(sums);
  const rate = (name: string): string => printedRate(of(name));
  const octets = (name: string): string => printedOctets(Math.round(of(name)));
  return [
    `logins/s    ${rate('loginsOpened')} opened, ${rate('loginsCredentials')} credentials, ` +
      `${rate('loginsInUse')} in-use, ${rate('loginsTemporary')} temporary, ` +
      `${rate('loginsDisabled')} disabled, ${rate('loginsLoginDelay')} login-delay`,
    `messages/s  ${rate('messagesRetrieved')} retrieved, ${rate('messagesFlagged')} removed, ` +
      `${rate('messagesDelivered')} delivered`,
    `octets/s    ${octets('sentOctets')} sent, ${octets('deliveredOctets')} delivered`,
  ];
}

function rateIn(rates: NodeRates): (name: string) => number {
  return (name) => rates[name] ?? 0;
}

/** One digit behind the point below a hundred. */
function printedRate(rate: number): string {
  return rate === 0 ? '0' : rate.toFixed(rate < 100 ? 1 : 0);
}
