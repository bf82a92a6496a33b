/**
 * The From_ line that stands before each message of an mbox: `From sender Tue Nov 24 03:08:00 2026`.
 *
 * Never: a message's own `From:` field taken for one (it has a colon in the fifth place).
 *
 * Rules: RFC 4155 appendix A, and the variants seen: a zone before or behind the year, no seconds.
 */

import { receivedAtOf } from './received-at.ts';

const fromSpace = Buffer.from('From ');

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

const zone = '(?:[A-Z]{3,5}|[+-]\\d{4})';
const dated = new RegExp(
  `^From (?:.* )?(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) +(${months.join('|')}) +(\\d{1,2}) +` +
    `(\\d{1,2}):(\\d{2})(?::(\\d{2}))?(?: +(${zone}))? +(\\d{4})(?: +(${zone}))?\\b`,
);

/** Whether a line begins as From_ lines do. `at` is where it begins. */
export function beginsFromLine(bytes: Buffer, at: number): boolean {
  return bytes.compare(fromSpace, 0, 5, at, Math.min(at + 5, bytes.length)) === 0;
}

/** The date of a From_ line; null when it has none of the known form. UTC unless it says a zone. */
export function fromLineDate(line: string): Date | null {
  const match = dated.exec(line);
  if (match === null) return null;
  const [, month = '', day, hour, minute, second = '0', zoneBefore, year, zoneBehind] = match;
  const utcMs = Date.UTC(
    Number(year),
    months.indexOf(month),
    Number(day),
    Number(hour),
    Number(minute),
    Number(second),
  );
  return receivedAtOf(utcMs - offsetMs(zoneBehind ?? zoneBefore ?? ''));
}

/** Names of zones are ambiguous and mean UTC here. */
function offsetMs(text: string): number {
  const match = /^([+-])(\d\d)(\d\d)$/.exec(text);
  if (match === null) return 0;
  const ms = (Number(match[2]) * 60 + Number(match[3])) * 60_000;
  return match[1] === '-' ? -ms : ms;
}
