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

/** One message for one mailbox, answered with 250. */
export async function deliver(order: LoadOrder, mailbox: number): Promise<void> {
  const talk = await take(order);
  const address = addressOf(order.mailboxes, mailbox);
  const envelope = `MAIL FROM:<a@example.org>\r\nRCPT TO:<${address}>\r\nDATA\r\n`;
  await talk.ask(envelope, [{ status: '250' }, { status: '250' }, { status: '354' }]);
  await talk.ask(order.content, [{ status: '250' }]);
  give(talk);
}

/** Says QUIT on all of them, when nothing is delivered any more. */
export async function endLines(): Promise<void> {
  for (const talk of idle.splice(0)) {
    await talk.ask('QUIT\r\n', [{ status: '221' }]);
    talk.destroy();
  }
}
