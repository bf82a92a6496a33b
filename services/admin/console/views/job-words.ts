/**
 * How far a job is, in words and as a bar, for the list and for its own page.
 *
 * Never: a share of a total that nobody knows.
 */

import { type Child, element } from '../element.ts';
import { dateOf, type Fields, fieldsOf, numberOf, textOf } from '../fields.ts';
import { countOf, countWords, octetWords, rateWords } from '../words.ts';

/** `import into ann@example.org` */
export function jobName({ kind, address }: Fields): string {
  return `${textOf(kind)} ${kind === 'export' ? 'from' : 'into'} ${textOf(address)}`;
}

/** Hundredths that are done; null where the total is not known. */
export function shareDone({ state, position, totalMessages }: Fields): number | null {
  if (state === 'complete') return 100;
  const total = numberOf(totalMessages);
  if (total <= 0) return null;
  return Math.min(100, Math.floor((100 * numberOf(position)) / total));
}

/** What was left out is no message that was taken over, though the job is done with it. */
export function progressWords(job: Fields): string {
  const { kind, position, messages, totalMessages } = job;
  const share = shareDone(job);
  const skipped = Object.values(fieldsOf(job.skipped)).reduce<number>(
    (sum, count) => sum + numberOf(count),
    0,
  );
  const left = skipped === 0 ? '' : `, ${countWords(skipped)} left out`;
  if (typeof totalMessages !== 'number') {
    const done = kind === 'export' ? 'given out' : 'stored';
    return `${countOf(numberOf(messages), 'message')} ${done}${left}`;
  }
  const of = `${countWords(numberOf(position))} of ${countOf(totalMessages, 'message')}`;
  return `${share === null ? of : `${of}, ${share}\u00a0%`}${left}`;
}

export function progress(job: Fields): HTMLElement {
  const words = element('span', {}, progressWords(job));
  const share = shareDone(job);
  if (share === null) return element('div', {}, words);
  const bar = element('progress', {
    ...{ max: 100, value: share, 'aria-label': `Progress of the ${jobName(job)}` },
  });
  return element('div', {}, words, bar);
}

/** Over its whole time, the node's clock alone being asked. */
export function jobRate({ createdAt, updatedAt, finishedAt, messages, octets }: Fields): Child {
  const [from, to] = [dateOf(createdAt), dateOf(finishedAt) ?? dateOf(updatedAt)];
  const seconds = from === null || to === null ? 0 : (to.getTime() - from.getTime()) / 1_000;
  if (seconds <= 0 || numberOf(messages) === 0) return '';
  const perSecond = `${rateWords(numberOf(messages) / seconds)} messages/s`;
  // A figure and its unit stay on one line.
  const figures = [perSecond, `${octetWords(numberOf(octets) / seconds)}/s`];
  return figures.map((words) => words.replaceAll(' ', '\u00a0')).join(', ');
}
