/**
 * Imports and exports, the latest first: how far they are and who began them. Each has a page of its own.
 */

import { segment } from '../api-client.ts';
import { element, freshId } from '../element.ts';
import { dateOf, type Fields, textOf } from '../fields.ts';
import { listIntervalMs } from '../limits.ts';
import { attempt } from '../notice.ts';
import { Pages } from '../pages.ts';
import { badge, Table } from '../table.ts';
import { may, repeat, type View, type ViewParts, type ViewPlace } from '../view.ts';
import { timeWords } from '../words.ts';
import { openJob } from './job.ts';
import { jobName, jobRate, progress } from './job-words.ts';

function jobTable(): Table {
  const link = (job: Fields): HTMLElement =>
    element('a', { href: `#/jobs/${segment(textOf(job.jobId))}` }, jobName(job));
  const state = ({ state: word, error }: Fields): HTMLElement => {
    const why = textOf(error);
    const problem = why === '' ? null : element('p', { class: 'problem' }, why);
    return element('div', {}, badge(textOf(word)), problem);
  };
  return new Table({
    caption: 'Imports and exports, the latest first',
    empty: 'There is no import or export of the last 30 days.',
    key: ({ jobId }) => textOf(jobId),
    columns: [
      { head: 'Job', cell: link },
      { head: 'State', cell: state },
      { head: 'Progress', cell: progress },
      { head: 'Rate', cell: jobRate },
      { head: 'Begun by', cell: ({ actor }) => textOf(actor) },
      { head: 'Begun', cell: ({ createdAt }) => timeWords(dateOf(createdAt)) },
      { head: 'Over', cell: ({ finishedAt }) => timeWords(dateOf(finishedAt)) || 'no' },
    ],
  });
}

/** @param address whose jobs are listed at first; empty for all */
async function openList({ api, left }: ViewParts, address: string): Promise<View> {
  const table = jobTable();
  const id = freshId();
  const input = element('input', {
    ...{ id, type: 'search', name: 'address', value: address, autocomplete: 'off' },
    placeholder: 'ann@example.org',
  });
  // What is being typed is no address yet: what was shown last is what is brought up to date.
  let wanted = address;
  const listing = () => ({ path: '/jobs', asked: { address: wanted } });
  const pages = new Pages({ api, table, listing, noun: 'jobs' });
  const form = element(
    'form',
    { role: 'search', class: 'search' },
    element('label', { for: id }, 'Only of the mailbox'),
    input,
    element('button', { type: 'submit', class: 'button main' }, 'Show'),
  );
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    wanted = input.value.trim();
    attempt(() => pages.begin());
  });
  await pages.begin();
  repeat(() => pages.refresh(), listIntervalMs, left);
  const lead =
    'Mail that is taken in or given out as a whole, by poplar mailbox import and export. This list is brought up to date by itself.';
  const content = element('div', {}, element('p', { class: 'lead' }, lead), form, table.element);
  content.append(pages.element);
  return { title: 'Jobs', content };
}

export const jobsPlace: ViewPlace = {
  name: 'jobs',
  label: 'Jobs',
  isFor: (self) => may(self, 'messages'),
  open: (parts) => {
    const [jobId, address] = parts.rest;
    if (jobId === undefined || jobId === '') return openList(parts, '');
    return jobId === 'of' ? openList(parts, address ?? '') : openJob(parts, jobId);
  },
};
