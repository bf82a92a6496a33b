/**
 * A mail transfer agent: delivers a message to some mailboxes, one after another for ever. Each attempt
 * has a number of its own in the message, so that its copies can be counted.
 */

import type { MaildropWorker } from '../cluster/maildrop-worker.ts';
import type { Wire } from '../cluster/wire.ts';
import type { History } from '../history.ts';
import type { Stage } from '../stage.ts';

export interface LmtpClientOptions {
  readonly mailboxIds: readonly string[];
  readonly history: History;
  readonly anyWorker: () => MaildropWorker | null;
  readonly nextAttempt: () => number;
  readonly untilMs: number;
}

export class LmtpClient {
  readonly #stage: Stage;
  readonly #options: LmtpClientOptions;

  constructor(stage: Stage, options: LmtpClientOptions) {
    this.#stage = stage;
    this.#options = options;
  }

  async live(): Promise<void> {
    const { chance, schedule } = this.#stage;
    const { mailboxIds, anyWorker, untilMs } = this.#options;
    while (schedule.nowMs < untilMs) {
      const recipients = mailboxIds.filter(() => chance.hit(0.5));
      const worker = anyWorker();
      if (worker !== null && recipients.length > 0) {
        await this.#deliver(worker.accept(), recipients);
      }
      await schedule.pauseFor(chance.between(50, chance.hit(0.3) ? 10_000 : 2_500));
    }
  }

  async #deliver(wire: Wire, recipients: readonly string[]): Promise<void> {
    const { history, nextAttempt } = this.#options;
    const attempt = nextAttempt();
    const isReady =
      (await this.#says(wire, null, '220')) &&
      (await this.#says(wire, 'LHLO mta.example.org', '250')) &&
      (await this.#says(wire, 'MAIL FROM:<sender@example.org>', '250'));
    if (!isReady) return wire.close();
    for (const mailboxId of recipients) {
      const command = `RCPT TO:<${mailboxId}@example.org>`;
      if (!(await this.#says(wire, command, '250'))) return wire.close();
    }
    if (!(await this.#says(wire, 'DATA', '354'))) return wire.close();
    wire.send(`Subject: attempt-${attempt}\r\n\r\n${'.'.repeat(attempt % 3)}text\r\n.\r\n`);
    if (this.#stage.chance.hit(0.05)) return wire.vanish();
    for (const mailboxId of recipients) {
      const line = await wire.line();
      if (line === null) break;
      if (line.startsWith('250')) history.accepted(attempt, mailboxId);
    }
    wire.close();
  }

  /** Says a command and hears its reply to the last line. */
  async #says(wire: Wire, command: string | null, code: string): Promise<boolean> {
    if (command !== null) wire.send(`${command}\r\n`);
    for (;;) {
      const line = await wire.line();
      if (line === null) return false;
      if (line.charAt(3) !== '-') return line.startsWith(code);
    }
  }
}
