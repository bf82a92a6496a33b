/**
 * One domain: what is set for it, its mailboxes, and what can be done with it.
 *
 * Never: a change of a state that the operator has not seen.
 */

import { segment, type Tagged } from '../api-client.ts';
import { confirmed } from '../dialog.ts';
import { button, element, fact } from '../element.ts';
import { type Fields, numberOf } from '../fields.ts';
import { attempt, attemptOn, sayDone } from '../notice.ts';
import { badge } from '../table.ts';
import { may, type View, type ViewParts } from '../view.ts';
import { countWords, octetWords, secondsWords } from '../words.ts';
import { mailboxList } from './mailboxes.ts';
import { changeDomain } from './new-domain.ts';

class Domain {
  readonly content: HTMLElement;
  readonly #parts: ViewParts;
  readonly #name: string;
  readonly #path: string;
  readonly #facts = element('dl', { class: 'facts' });
  readonly #actions = element('div', { class: 'actions', role: 'group', 'aria-label': 'Actions' });
  readonly #switch: HTMLButtonElement;
  #shown: Tagged = { fields: {}, tag: null };

  constructor(parts: ViewParts, name: string) {
    this.#parts = parts;
    this.#name = name;
    this.#path = `/domains/${segment(name)}`;
    const act = (work: () => Promise<unknown>) => () => attemptOn(() => this.refresh(), work);
    const change = button(
      'Change',
      act(() => this.#change()),
      { look: 'main' },
    );
    const press = act(() => this.#switchPop3());
    this.#switch = button('Switch POP3 off', press);
    const remove = (): void => attempt(() => this.#remove());
    if (may(parts.self, 'mailboxes')) {
      this.#actions.append(change, this.#switch);
      // The domain of a token of one domain is the cluster's matter.
      if (parts.self.domain === null)
        this.#actions.append(button('Remove', remove, { look: 'danger' }));
    }
    this.content = element('div', {}, this.#actions, this.#facts);
  }

  async refresh(): Promise<void> {
    this.#shown = await this.#parts.api.getTagged(this.#path);
    const { fields } = this.#shown;
    this.#facts.replaceChildren(...factsOf(fields));
    this.#switch.textContent = fields.pop3Enabled === true ? 'Switch POP3 off' : 'Switch POP3 on';
  }

  async #change(): Promise<void> {
    if (await changeDomain(this.#parts.api, this.#shown)) sayDone(`${this.#name} is changed.`);
  }

  async #switchPop3(): Promise<void> {
    const { fields, tag } = this.#shown;
    const pop3Enabled = fields.pop3Enabled !== true;
    const text = 'Nobody can log in to its mailboxes until it is switched on again. Mail comes in.';
    const title = `Switch POP3 off for ${this.#name}?`;
    const question = { title, text, does: 'Switch off', isDanger: true };
    if (!pop3Enabled && !(await confirmed(question))) return;
    await this.#parts.api.change(this.#path, tag, { body: { pop3Enabled } });
    sayDone(`POP3 is ${pop3Enabled ? 'on' : 'off'} for ${this.#name}.`);
  }

  async #remove(): Promise<void> {
    const text = 'Its settings and the tokens that are for it alone go with it.';
    const title = `Remove the domain ${this.#name}?`;
    if (!(await confirmed({ title, text, does: 'Remove domain', isDanger: true }))) return;
    try {
      await this.#parts.api.change(this.#path, this.#shown.tag, { method: 'DELETE' });
    } catch (error) {
      await this.refresh();
      throw error;
    }
    location.hash = '#/domains';
  }
}

function factsOf(domain: Fields): HTMLElement[] {
  const { mailboxes, quotaOctets, loginDelaySeconds, undeleteWindowSeconds, pop3Enabled } = domain;
  const window = numberOf(undeleteWindowSeconds);
  return [
    fact('POP3', badge(pop3Enabled === true ? 'on' : 'off')),
    fact('Mailboxes', countWords(numberOf(mailboxes))),
    fact('Quota of a mailbox', quotaWords(quotaOctets)),
    fact('Login delay', delayWords(loginDelaySeconds)),
    fact('Restorable after a QUIT', window === 0 ? 'no' : `for ${secondsWords(window)}`),
  ];
}

export function quotaWords(quotaOctets: unknown): string {
  return typeof quotaOctets === 'number' ? octetWords(quotaOctets) : 'no bound';
}

export function delayWords(seconds: unknown): string {
  return numberOf(seconds) === 0 ? 'none' : secondsWords(numberOf(seconds));
}

export async function openDomain(parts: ViewParts, name: string): Promise<View> {
  const domain = new Domain(parts, name);
  const mailboxes = mailboxList(parts, name);
  await Promise.all([domain.refresh(), mailboxes.begin()]);
  const heading = element('h2', {}, 'Mailboxes');
  domain.content.append(element('section', {}, heading, mailboxes.element));
  return { title: name, content: domain.content };
}
