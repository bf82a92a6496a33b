/**
 * What is said at the end of an import: how many, how fast, and what was left out and why.
 *
 * Never: less than what happened, also after a stop or a failure.
 */

import type { SkipReason } from '@poplar/admin';
import { namedMax } from '../limits.ts';
import {
  printable,
  printedCount,
  printedMessages,
  printedOctets,
  printJson,
  printLine,
} from '../output.ts';
import type { Tally } from './tally.ts';

export type ImportEnd =
  | { readonly kind: 'complete' | 'stopped' }
  /** It could not go on. */
  | { readonly kind: 'failed'; readonly reason: string };

export interface Report {
  readonly address: string;
  readonly tally: Tally;
  readonly end: ImportEnd;
  readonly asJson: boolean;
}

const reasonTexts: Readonly<Record<SkipReason, string>> = {
  'duplicate-uidl': 'in the mailbox already',
  'folder-data': 'not mail but the state of a folder',
  'over-quota': 'the mailbox is full',
  'too-large': 'too large',
  empty: 'empty',
  'not-a-file': 'not a regular file',
  'not-a-message': 'not a message',
  unreadable: 'cannot be read',
  refused: 'refused by the store',
};

const newUidlText = 'its UIDL belongs to another message: it has a new one';

export function printReport(report: Report): void {
  if (report.asJson) printJson(reportJson(report));
  else for (const line of reportLines(report)) printLine(line);
  for (const line of endLines(report)) process.stderr.write(`poplar: ${line}\n`);
}

function reportJson({ address, tally, end }: Report): unknown {
  const { imported, importedOctets, inputOctets, newUidls } = tally;
  return {
    address,
    end: end.kind,
    imported,
    importedOctets,
    inputOctets,
    newUidls,
    newUidlPlaces: tally.newUidlPlaces,
    skipped: Object.fromEntries(tally.skipped),
    errors: tally.named,
    resumed: tally.resumed,
    elapsedMs: Math.round(tally.elapsedMs),
  };
}

function reportLines({ address, tally }: Report): string[] {
  const seconds = tally.elapsedMs / 1000;
  const perSecond = Math.round(tally.imported / seconds);
  const lines = [
    `imported  ${printedMessages(tally.imported)} (${printedOctets(tally.importedOctets)}) into ` +
      `${address} in ${seconds.toFixed(1)} s, ${printedCount(perSecond)}/s`,
  ];
  for (const [reason, count] of tally.skipped) {
    lines.push(`skipped   ${printedMessages(count)}: ${reasonTexts[reason]}`);
  }
  lines.push(...namedLines(tally.named.map((one) => [one.place, reasonTexts[one.reason]])));
  if (tally.resumed > 0) {
    const times = tally.resumed === 1 ? 'once' : `${printedCount(tally.resumed)} times`;
    lines.push(`went on   ${times} after the connection was lost; what it said then is not named`);
  }
  if (tally.newUidls > 0) {
    lines.push(`new UIDL  ${printedMessages(tally.newUidls)}: ${newUidlText}`);
    lines.push(...namedLines(tally.newUidlPlaces.map((place) => [place, newUidlText])));
  }
  return lines;
}

function namedLines(named: readonly (readonly [place: string, text: string])[]): string[] {
  const lines = named
    .slice(0, namedMax.text)
    .map(([place, text]) => `  ${printable(place)}: ${text}`);
  const unnamed = named.length - namedMax.text;
  if (unnamed > 0) lines.push(`  and ${printedCount(unnamed)} more; --json names them`);
  return lines;
}

function endLines({ tally, end }: Report): string[] {
  const done = printedMessages(tally.imported);
  if (end.kind === 'complete') return [];
  const lines: string[] = [];
  if (end.kind === 'stopped') lines.push(`stopped; ${done} imported, all of them kept`);
  if (end.kind === 'failed') {
    const least = tally.isCertain ? '' : 'at least ';
    lines.push(`${end.reason}; ${least}${done} imported, all of them kept`);
  }
  if (tally.importedWithoutUidl > 0) {
    const doubled = printedMessages(tally.importedWithoutUidl);
    lines.push(`${doubled} had no UIDL: to run it again would import them twice`);
  }
  return lines;
}
