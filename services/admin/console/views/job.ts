/**
 * One import or export, live while it goes on: how far it is, what it left out and why, and how to cancel it.
 *
 * Never: each message read out by a screen reader; progress is said in steps.
 */

import { segment } from '../api-client.ts';
import { confirmed } from '../dialog.ts';
import { button, element, fact, found } from '../element.ts';
import { follow } from '../event-stream.ts';
import { dateOf, type Fields, fieldsOf, numberOf, textOf } from '../fields.ts';
import { progressPercentMin } from '../limits.ts';
import { attempt, sayDone } from '../notice.ts';
import { badge, Table } from '../table.ts';
import { may, type View, type ViewParts } from '../view.ts';
import { countWords, octetWords, timeWords } from '../words.ts';
import { jobName, jobRate, progress, progressWords, shareDone } from './job-words.ts';

class Job {
  readonly content: HTMLElement;
  readonly #parts: ViewParts;
  readonly #path: string;
  readonly #bar = element('div', { class: 'progress' });
  readonly #facts = element('dl', { class: 'facts' });
  readonly #problem = element('p', { class: 'problem' });
  readonly #said = element('p', { class: 'unseen', role: 'status' });
  readonly #cancel: HTMLButtonElement;
  readonly #skipped = new Table({
    caption: 'Left out, by reason',
    empty: 'Nothing was left out.',
    key: ({ reason }) => textOf(reason),
    columns: [
      { head: 'Reason', cell: ({ reason }) => textOf(reason) },
      { head: 'Messages', isNumber: true, cell: ({ count }) => countWords(numberOf(count)) },
    ],
  });
  #step = '';

  constructor(parts: ViewParts, path: string, first: Fields) {
    const [name, address] = [jobName(first), textOf(first.address)];
    this.#parts = parts;
    this.#path = path;
    // Made once: what is brought up to date takes no focus away.
    const mailbox = may(parts.self, 'read', 'mailboxes')
      ? element('a', { href: `#/mailboxes/${segment(address)}` }, address)
      : element('span', {}, address);
    const cancel = (): void => attempt(() => this.#cancelled(name));
    this.#cancel = button('Cancel job', cancel, { look: 'danger' });
    const skipped = element('section', {}, element('h2', {}, 'Left out'), this.#skipped.element);
    this.content = element(
      'div',
      {},
      element('div', { class: 'actions' }, element('span', {}, 'Mailbox ', mailbox), this.#cancel),
      ...[this.#problem, this.#bar, this.#said, this.#facts, skipped],
    );
  }

  show(job: Fields): void {
    const isRunning = job.state === 'running';
    const hadFocus = document.activeElement === this.#cancel;
    this.#cancel.hidden = !isRunning;
    if (hadFocus && !isRunning) found('#main h1', HTMLElement).focus();
    this.#problem.textContent = textOf(job.error);
    this.#bar.replaceChildren(progress(job));
    this.#facts.replaceChildren(...factsOf(job));
    const skipped = Object.entries(fieldsOf(job.skipped));
    this.#skipped.show(skipped.map(([reason, count]) => ({ reason, count })));
    this.#say(job);
  }

  #say(job: Fields): void {
    const share = shareDone(job) ?? 0;
    const step = `${textOf(job.state)} ${Math.floor(share / progressPercentMin)}`;
    if (step === this.#step) return;
    this.#step = step;
    this.#said.textContent = `${textOf(job.state)}: ${progressWords(job)}`;
  }

  async #cancelled(name: string): Promise<void> {
    const text = 'What an import has stored stays. It cannot be taken up again.';
    const title = `Cancel the ${name}?`;
    const answers = { does: 'Cancel job', leaves: 'Let it run', isDanger: true };
    if (!(await confirmed({ title, text, ...answers }))) return;
    const job = await this.#parts.api.send('POST', `${this.#path}/cancel`);
    this.show(job);
    if (job.state === 'cancelled') sayDone(`The ${name} is cancelled.`);
    else sayDone(`The ${name} was over before: ${textOf(job.state)}.`);
  }
}

function factsOf(job: Fields): HTMLElement[] {
  return [
    fact('State', badge(textOf(job.state))),
    fact('Format', textOf(job.format)),
    fact('Messages', countWords(numberOf(job.messages))),
    fact('Size', octetWords(numberOf(job.octets))),
    fact('Rate', jobRate(job) || 'none yet'),
    fact('Begun by', textOf(job.actor)),
    fact('Node', textOf(job.node)),
    fact('Begun', timeWords(dateOf(job.createdAt))),
    fact('Last step', timeWords(dateOf(job.updatedAt))),
    fact('Over', timeWords(dateOf(job.finishedAt)) || 'no'),
    ...(job.kind === 'import'
      ? [
          fact('Without a UIDL', countWords(numberOf(job.withoutUidl))),
          fact('With a new UIDL', countWords(numberOf(job.newUidls))),
        ]
      : []),
    ...(textOf(job.key) === '' ? [] : [fact('Idempotency key', textOf(job.key))]),
  ];
}

export async function openJob(parts: ViewParts, jobId: string): Promise<View> {
  const path = `/jobs/${segment(jobId)}`;
  const first = await parts.api.get(path);
  const job = new Job(parts, path, first);
  job.show(first);
  if (first.state === 'running') {
    const heard = ({ data }: { readonly data: Fields }): void => job.show(data);
    follow({ api: parts.api, path: `${path}/events`, left: parts.left, heard });
  }
  const name = jobName(first);
  return { title: name.charAt(0).toUpperCase() + name.slice(1), content: job.content };
}
