/**
 * What QUIT and the purge behind it cost, from the QUIT on, by the messages that were marked.
 *
 * Never: the cost of DELE and of logging in, which is over before.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { cpuSeconds } from '../cpu.ts';
import { ok } from '../load/client.ts';
import { addressOf, type Mailboxes } from '../load/order.ts';
import { Talk } from '../load/talk.ts';
import { type PoplarServer, startPoplar } from '../servers/poplar.ts';
import { type Bench, type CostAt, ofEach, type Series } from './cost.ts';
import { Site } from './site.ts';

/** How many maildrops of each size are emptied at once, so that there is something to measure. */
const emptied = [
  { size: 1e2, count: 100 },
  { size: 1e3, count: 20 },
  { size: 1e4, count: 4 },
  { size: 1e5, count: 1 },
];
const quickEmptied = emptied.slice(0, 3);
const octets = 2_000;
const marksAtOnce = 500;
const idleSeconds = 4;

interface Used {
  readonly node: number;
  readonly postgres: number;
}

function usedBy(server: PoplarServer): Used {
  const { node = [], postgres = [] } = server.parts();
  return { node: cpuSeconds(node), postgres: cpuSeconds(postgres) };
}

export async function purgeGrowth(bench: Bench): Promise<Series[]> {
  const server = await startPoplar();
  try {
    const site = new Site(server.database);
    const costs: CostAt[] = [];
    for (const { size, count } of bench.isQuick ? quickEmptied : emptied) {
      bench.tell(`purges of ${size} messages`);
      const mailboxes = await site.add({ prefix: `purge-${size}`, count, messages: size, octets });
      costs.push(await purgeCost(server, site.secret, mailboxes));
    }
    const of = 'messages';
    return [
      { name: 'QUIT and purge', of, power: 1, costs },
      { name: 'QUIT and purge, for each message', of, power: 0, costs: costs.map(ofEach) },
    ];
  } finally {
    await server.stop();
  }
}

async function purgeCost(
  server: PoplarServer,
  secret: string,
  mailboxes: Mailboxes,
): Promise<CostAt> {
  const talks: Talk[] = [];
  for (let index = 0; index < mailboxes.count; index += 1) {
    talks.push(await marked(server, secret, { mailboxes, index }));
  }
  const before = usedBy(server);
  await sleep(idleSeconds * 1_000);
  const idle = usedBy(server);
  const sinceMs = performance.now();
  await Promise.all(talks.map((talk) => talk.ask('QUIT\r\n', [ok])));
  await server.settle();
  const seconds = (performance.now() - sinceMs) / 1_000;
  const after = usedBy(server);
  await Promise.all(talks.map((talk) => talk.closed()));
  await nothingLeft(server, mailboxes);
  const each = (part: keyof Used): number => {
    const alone = ((idle[part] - before[part]) / idleSeconds) * seconds;
    return (Math.max(0, after[part] - idle[part] - alone) / mailboxes.count) * 1e6;
  };
  const { messages: size, count: operations } = mailboxes;
  return { size, node: each('node'), postgres: each('postgres'), operations };
}

/** A session that has marked everything and says no more. */
async function marked(
  { nodes }: PoplarServer,
  secret: string,
  { mailboxes, index }: { readonly mailboxes: Mailboxes; readonly index: number },
): Promise<Talk> {
  const port = nodes[0]?.pop3 ?? 0;
  const talk = await Talk.connect({ port, tls: false, source: 9 }, ok);
  await talk.ask(`USER ${addressOf(mailboxes, index)}\r\nPASS ${secret}\r\n`, [ok, ok]);
  const { messages } = mailboxes;
  for (let number = 1; number <= messages; ) {
    const last = Math.min(messages, number + marksAtOnce - 1);
    let text = '';
    for (let one = number; one <= last; one += 1) text += `DELE ${one}\r\n`;
    await talk.ask(
      text,
      Array.from({ length: last - number + 1 }, () => ok),
    );
    number = last + 1;
  }
  return talk;
}

async function nothingLeft({ database }: PoplarServer, { prefix }: Mailboxes): Promise<void> {
  const [row] = await database.query(
    `select count(*)::int as left from mailbox b
     where b.address like $1 and exists (
       select from message_body m where m.mailbox_id = b.mailbox_id)`,
    [`${prefix}-%`],
  );
  if (row?.left !== 0) throw new Error('the purge has left bodies behind');
}
