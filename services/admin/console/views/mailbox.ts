/**
 * One mailbox: what it is, who has it open, what lets it in, its messages, and what can be done with it.
 */

import { segment, type Tagged } from '../api-client.ts';
import { asked, confirmed, field } from '../dialog.ts';
import { button, element, fact } from '../element.ts';
import { dateOf, type Fields, fieldsOf, numberOf, textOf } from '../fields.ts';
import { attemptOn, sayDone } from '../notice.ts';
import { badge } from '../table.ts';
import { may, type View, type ViewParts } from '../view.ts';
import { countWords, exactOctetWords, octetsGiven, octetWords, timeWords } from '../words.ts';
import { Credentials } from './credentials.ts';
import { Grants } from './grants.ts';
import { LoginNames } from './login-names.ts';
import { Messages } from './messages.ts';
import { addAppPassword, setPassword } from './new-password.ts';
import { endSession } from './sessions.ts';

class Mailbox {
  readonly content: HTMLElement;
  readonly #parts: ViewParts;
  readonly #address: string;
  readonly #path: string;
  readonly #facts = element('dl', { class: 'facts' });
  readonly #actions = element('div', { class: 'actions', role: 'group', 'aria-label': 'Actions' });
  readonly #credentials: Credentials;
  readonly #loginNames: LoginNames;
  readonly #grants: Grants;
  readonly #messages: Messages | null;
  #shown: Tagged = { fields: {}, tag: null };

  constructor(parts: ViewParts, address: string) {
    this.#parts = parts;
    this.#address = address;
    this.#path = `/mailboxes/${segment(address)}`;
    this.#credentials = new Credentials(parts, address);
    this.#loginNames = new LoginNames(parts, address);
    this.#grants = new Grants(parts, address);
    this.#messages = may(parts.self, 'messages') ? new Messages(parts, address) : null;
    this.content = element(
      'div',
      {},
      ...[this.#actions, this.#facts, this.#credentials.element],
      ...[this.#loginNames.element, this.#grants.element, this.#messages?.element ?? null],
    );
  }

  async refresh(): Promise<void> {
    const [shown] = await Promise.all([
      this.#parts.api.getTagged(this.#path),
      ...[this.#credentials.refresh(), this.#loginNames.refresh(), this.#grants.refresh()],
      this.#messages?.refresh(),
    ]);
    this.#shown = shown;
    const mailbox = shown.fields;
    this.#facts.replaceChildren(...factsOf(mailbox, this.#parts));
    // What was pressed is gone with what it did: the focus goes to what stands there now.
    const hadFocus = this.#actions.contains(document.activeElement);
    this.#actions.replaceChildren(...this.#buttons(mailbox));
    if (hadFocus) this.#actions.querySelector('button')?.focus();
  }

  #buttons({ status, session }: Fields): HTMLElement[] {
    const { api, self } = this.#parts;
    const address = this.#address;
    const act = (work: () => Promise<unknown>) => () => attemptOn(() => this.refresh(), work);
    const ending =
      session !== null && may(self, 'sessions')
        ? [
            button(
              'End session',
              act(() => endSession({ api }, address, 'end')),
            ),
          ]
        : [];
    if (!may(self, 'mailboxes')) return ending;
    if (status === 'deleting') {
      return [
        button(
          'Undelete',
          act(() => this.#undelete()),
          { look: 'main' },
        ),
      ];
    }
    const suspend = () => this.#set({ status: 'suspended' }, `${address} is suspended.`);
    const resume = () => this.#set({ status: 'active' }, `${address} is active again.`);
    return [
      status === 'suspended'
        ? button('Resume', act(resume), { look: 'main' })
        : button('Suspend', act(suspend)),
      button(
        'Set password',
        act(() => setPassword(api, address)),
      ),
      button(
        'New app password',
        act(() => addAppPassword(api, address)),
      ),
      button(
        'Set quota',
        act(() => this.#setQuota()),
      ),
      ...ending,
      button(
        'Delete',
        act(() => this.#delete()),
        { look: 'danger' },
      ),
    ];
  }

  async #set(what: Fields, done: string): Promise<void> {
    await this.#parts.api.change(this.#path, this.#shown.tag, { body: what });
    sayDone(done);
  }

  async #setQuota(): Promise<void> {
    const { quotaOctets = null } = this.#shown.fields;
    const content = [
      field({
        ...{ label: 'Quota', name: 'quota' },
        hint: 'Such as 500 MiB or 2 GiB; empty: that of its domain',
        value: quotaOctets === null ? '' : exactOctetWords(numberOf(quotaOctets)),
      }),
    ];
    const title = `Set the quota of ${this.#address}`;
    await asked({ title, content, does: 'Set' }, async (given) => {
      const octets = octetsGiven(textOf(given.get('quota')));
      await this.#set({ quotaOctets: octets }, `The quota of ${this.#address} is set.`);
    });
  }

  async #delete(): Promise<void> {
    const text =
      'At once nobody can log in to it, it takes no mail, and an open session ends. It is removed for good in 7 days; until then it can be had back.';
    const title = `Delete ${this.#address}?`;
    if (!(await confirmed({ title, text, does: 'Delete mailbox', isDanger: true }))) return;
    await this.#parts.api.change(this.#path, this.#shown.tag, { method: 'DELETE' });
    sayDone(`${this.#address} is deleted. It can be had back for 7 days.`);
  }

  async #undelete(): Promise<void> {
    await this.#parts.api.send('POST', `${this.#path}/undelete`);
    sayDone(`${this.#address} is back, with its messages and passwords.`);
  }
}

function factsOf(mailbox: Fields, { self }: ViewParts): HTMLElement[] {
  const { status, messages, octets, quotaOctets, pop3Enabled, session } = mailbox;
  const quota = quotaOctets === null ? 'no bound' : octetWords(numberOf(quotaOctets));
  const address = textOf(mailbox.address);
  return [
    fact('Status', badge(textOf(status))),
    fact('Messages', countWords(numberOf(messages))),
    fact('Size', octetWords(numberOf(octets))),
    fact('Quota', quota),
    fact('POP3', pop3Enabled === true ? 'on' : 'off'),
    fact('Created', timeWords(dateOf(mailbox.createdAt))),
    fact('Open', session === null ? 'no' : sessionWords(fieldsOf(session))),
    ...(status === 'deleting'
      ? [fact('Removed for good', timeWords(dateOf(mailbox.deleteAfter)))]
      : []),
    ...(may(self, 'messages')
      ? [fact('Imports', element('a', { href: `#/jobs/of/${segment(address)}` }, 'Jobs'))]
      : []),
    ...(may(self, 'read')
      ? [fact('Changes', element('a', { href: `#/audit/${segment(address)}` }, 'Audit'))]
      : []),
  ];
}

function sessionWords({ client, node, since, actor }: Fields): string {
  const by = actor === null ? '' : ` by ${textOf(actor)}`;
  return `from ${textOf(client)}${by}, on ${textOf(node)}, since ${timeWords(dateOf(since))}`;
}

export async function openMailbox(parts: ViewParts, address: string): Promise<View> {
  const mailbox = new Mailbox(parts, address);
  await mailbox.refresh();
  return { title: address, content: mailbox.content };
}
