/**
 * One webhook: where it leads, what it is told of and what became of that; tested, changed, suspended, given
 * another secret, removed.
 */

import { segment } from '../api-client.ts';
import { confirmed, shownOnce } from '../dialog.ts';
import { button, element, fact } from '../element.ts';
import { dateOf, type Fields, numberOf, textOf, textsOf } from '../fields.ts';
import { listIntervalMs } from '../limits.ts';
import { attempt, sayDone } from '../notice.ts';
import { badge } from '../table.ts';
import { repeat, type View, type ViewParts } from '../view.ts';
import { countWords, timeWords } from '../words.ts';
import { Deliveries } from './deliveries.ts';
import { changeWebhook } from './new-webhook.ts';

class Webhook {
  readonly content: HTMLElement;
  readonly #parts: ViewParts;
  readonly #path: string;
  readonly #facts = element('dl', { class: 'facts' });
  readonly #deliveries: Deliveries;
  readonly #switch: HTMLButtonElement;
  #shown: Fields = {};
  #isRemoved = false;

  constructor(parts: ViewParts, path: string) {
    this.#parts = parts;
    this.#path = path;
    this.#deliveries = new Deliveries(parts.api, path);
    const act = (work: () => Promise<unknown>) => () =>
      attempt(async () => {
        await work();
        await this.refresh();
      });
    const removed = (): void => attempt(() => this.#remove());
    const press = act(() => this.#suspendOrResume());
    this.#switch = button('Suspend', press);
    const buttons = [
      button(
        'Send test event',
        act(() => this.#test()),
        { look: 'main' },
      ),
      button(
        'Change',
        act(() => this.#change()),
      ),
      this.#switch,
      button(
        'New secret',
        act(() => this.#rotate()),
      ),
      button('Remove', removed, { look: 'danger' }),
    ];
    this.content = element(
      'div',
      {},
      element('div', { class: 'actions', role: 'group', 'aria-label': 'Actions' }, ...buttons),
      ...[this.#facts, this.#deliveries.element],
    );
  }

  /** The URL. */
  async refresh(): Promise<string> {
    if (this.#isRemoved) return textOf(this.#shown.url);
    const [webhook] = await Promise.all([
      this.#parts.api.get(this.#path),
      this.#deliveries.refresh(),
    ]);
    this.#shown = webhook;
    this.#facts.replaceChildren(...factsOf(webhook));
    this.#switch.textContent = webhook.enabled === true ? 'Suspend' : 'Resume';
    return textOf(webhook.url);
  }

  async #test(): Promise<void> {
    await this.#parts.api.send('POST', `${this.#path}/test`);
    sayDone('The test event waits to be sent: its delivery tells what became of it.');
  }

  async #change(): Promise<void> {
    const isChanged = await changeWebhook(this.#parts.api, this.#path, this.#shown);
    if (isChanged) sayDone('The webhook is changed.');
  }

  async #suspendOrResume(): Promise<void> {
    const enabled = this.#shown.enabled !== true;
    const text =
      'It is told of nothing, and within a minute what still waits for it becomes dead letters.';
    const question = { title: 'Suspend the webhook?', text, does: 'Suspend', isDanger: true };
    if (!enabled && !(await confirmed(question))) return;
    await this.#parts.api.send('PATCH', this.#path, { enabled });
    sayDone(enabled ? 'The webhook is active again.' : 'The webhook is suspended.');
  }

  async #rotate(): Promise<void> {
    const text =
      'For 24 hours requests are signed with the former secret as well: give the new one to the receiver meanwhile.';
    const does = 'Make new secret';
    if (!(await confirmed({ title: 'Make a new secret?', text, does }))) return;
    const { secret } = await this.#parts.api.send('POST', `${this.#path}/secret`);
    await shownOnce('The secret', 'Secret that requests are signed with', textOf(secret));
  }

  async #remove(): Promise<void> {
    const text = 'It is gone with all its deliveries, those that wait as well.';
    const title = `Remove the webhook to ${textOf(this.#shown.url)}?`;
    if (!(await confirmed({ title, text, does: 'Remove webhook', isDanger: true }))) return;
    // Nothing more is asked of what will not be there.
    this.#isRemoved = true;
    try {
      await this.#parts.api.send('DELETE', this.#path);
    } catch (error) {
      this.#isRemoved = false;
      throw error;
    }
    location.hash = '#/webhooks';
  }
}

function factsOf(webhook: Fields): HTMLElement[] {
  const former = timeWords(dateOf(webhook.formerSecretUntil));
  return [
    fact('State', badge(webhook.enabled === true ? 'active' : 'suspended')),
    fact('Events', textsOf(webhook.events).join(', ')),
    fact('Domain', textOf(webhook.domain) || 'all'),
    fact('Waiting', countWords(numberOf(webhook.pending))),
    fact('Dead letters', countWords(numberOf(webhook.dead))),
    fact('Made', timeWords(dateOf(webhook.createdAt))),
    fact('Made by', textOf(webhook.createdBy)),
    ...(former === '' ? [] : [fact('Former secret good until', former)]),
  ];
}

export async function openWebhook(parts: ViewParts, webhookId: string): Promise<View> {
  const webhook = new Webhook(parts, `/webhooks/${segment(webhookId)}`);
  const url = await webhook.refresh();
  const refresh = async (): Promise<void> => void (await webhook.refresh());
  repeat(refresh, listIntervalMs, parts.left);
  return { title: `Webhook to ${url}`, content: webhook.content };
}
