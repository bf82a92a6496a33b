/**
 * The LMTP connections of a process: a mail server has a few that stay open, however many users there are.
 *
 * Never: two deliveries at once on one connection.
 */

import { lmtpLinesMax } from './limits.ts';
import { addressOf, type LoadOrder, nextNode } from './order.ts';
import { Talk } from './talk.ts';

const idle: Talk[] = [];
const waiting: ((talk: Talk) => void)[] = [];
let lines = 0;

async function take(order: LoadOrder): Promise<Talk> {
  const free = idle.pop();
  if (free !== undefined) return free;
  if (lines >= lmtpLinesMax) return new Promise((resolve) => waiting.push(resolve));
  lines += 1;
  const where = { port: nextNode(order).lmtp, tls: false, source: order.process };
  const talk = await Talk.connect(where, { status: '220' });
  await talk.ask('LHLO bench.example.org\r\n', [{ status: '250' }]);
  return talk;
}

function give(talk: Talk): void {
  const next = waiting.shift();
  if (next === undefined) idle.push(talk);
  else next(talk);
}

/** One message for each of these mailboxes in one transaction, answered with 250 for each. */
export async function deliver(order: LoadOrder, mailboxes: readonly number[]): Promise<void> {
  const talk = await take(order);
  const recipients = mailboxes.map((one) => `RCPT TO:<${addressOf(order.mailboxes, one)}>\r\n`);
  const taken = recipients.map(() => ({ status: '250' }));
  await talk.ask(`MAIL FROM:<a@example.org>\r\n${recipients.join('')}DATA\r\n`, [
    { status: '250' },
    ...taken,
    { status: '354' },
  ]);
  await talk.ask(order.content, taken);
  give(talk);
}

/** Says QUIT on all of them, when nothing is delivered any more. */
export async function endLines(): Promise<void> {
  for (const talk of idle.splice(0)) {
    await talk.ask('QUIT\r\n', [{ status: '221' }]);
    talk.destroy();
  }
}
