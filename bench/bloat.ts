/**
 * What a day of mail that comes and goes leaves behind in PostgreSQL: the size of every table, of its indexes and of its
 * TOAST, against the size of the same rows freshly written (VACUUM FULL), with the autovacuum settings that the
 * schema has.
 *
 * How the day is compressed. So many messages come and go within `--seconds`; autovacuum looks for work every second, the least
 * that PostgreSQL allows, where it would every minute: a day of 300 s has 300 looks instead of 1,440. What it may do in
 * a second is not raised. So it has less of a chance than in a real day. Receipts, kept for a day, are kept for half of it.
 *
 * Usage: node bench/bloat.ts [--quick] [--seconds 300] [--threshold N] [--out NAME]
 * With --threshold all partitions get another `autovacuum_vacuum_threshold`, and TOAST two and a half times it, for comparison: 2000 is what
 * the schema had before migration 0012.
 *
 * Never: a vacuum that autovacuum did not begin, before the sizes are read.
 */

import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { TemporaryDatabase } from '@poplar/store/testing';
import { BloatReport, type BloatResults } from './bloat/report.ts';
import { type Sample, sampleOf, sizesOf } from './bloat/sizes.ts';
import { resultPath } from './chart.ts';
import { messageOf } from './corpus.ts';
import { Site } from './growth/site.ts';
import { asData } from './load/client.ts';
import { generate } from './load/generate.ts';
import type { Mailboxes, Task } from './load/order.ts';
import { circumstances } from './measured.ts';
import { type PoplarServer, startPoplar } from './servers/poplar.ts';

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    seconds: { type: 'string' },
    threshold: { type: 'string' },
    out: { type: 'string' },
  },
});

const part = values.quick ? 1 / 10 : 1;
const messages = 1e5 * part;
const seconds = Number(values.seconds ?? (values.quick ? 30 : 300));
const sampleMs = 2_000;
const looks = ['autovacuum_naptime=1s', 'log_autovacuum_min_duration=-1'];

/** Mail that stands there; as much again as comes in a day, and more. Small bodies lie in their rows, large in TOAST. */
const kinds = [
  { prefix: 'small', count: 9_000 * part, messages: 10, octets: 4_000, share: 0.8 },
  { prefix: 'large', count: 1_000 * part, messages: 5, octets: 30_000, share: 0.2 },
];
const messagesOfSession = 5;
const clientsOfKind = 16;
/** Of one operation of the load: ten maildrops at once. */
const messagesOfOperation = 10 * messagesOfSession;

const startedAtMs = performance.now();
function tell(text: string): void {
  const since = ((performance.now() - startedAtMs) / 1_000).toFixed(0);
  process.stderr.write(`${since.padStart(5)} s  ${text}\n`);
}

/** Pieces of 2 KB, where others are messages: as the schema has had it at 2,000. */
const toastTimes = 2.5;

async function setThreshold(database: TemporaryDatabase, threshold: string): Promise<void> {
  for (const table of await partitionsOf(database)) {
    const toast = table.startsWith('message_body')
      ? `, toast.autovacuum_vacuum_threshold = ${toastTimes * Number(threshold)}`
      : '';
    await database.query(
      `alter table ${table} set (autovacuum_vacuum_threshold = ${Number(threshold)}${toast})`,
    );
  }
}

async function partitionsOf(database: TemporaryDatabase): Promise<string[]> {
  const rows = await database.query(
    "select relname from pg_class where relkind = 'r' and relname ~ '^message(_body)?_p\\d+$'",
  );
  return rows.map(({ relname }) => String(relname));
}

/** Mail of one kind comes and goes, at an even pace. */
async function churn(
  server: PoplarServer,
  secret: string,
  load: { readonly mailboxes: Mailboxes; readonly share: number; readonly octets: number },
): Promise<number> {
  const task: Task = { kind: 'turnover', messages: messagesOfSession };
  const operationsPerSecond = (messages * load.share) / messagesOfOperation / seconds;
  const { operations } = await generate({
    order: {
      ...{ nodes: server.nodes, secret, task, mailboxes: load.mailboxes, seconds },
      shape: { kind: 'open', operationsPerSecond },
      ...{ clients: clientsOfKind, warmUpSeconds: 0, content: asData(messageOf(load.octets)) },
    },
    processes: 1,
    began: () => undefined,
    ended: () => undefined,
  });
  return operations;
}

/** As the housekeeping of a node does for receipts that are a day old. */
async function forgetReceipts(database: TemporaryDatabase): Promise<void> {
  await database.query(
    'delete from quit_receipt where purged_at < now() - make_interval(secs => $1)',
    [seconds / 2],
  );
}

async function watch(server: PoplarServer, samples: Sample[], over: Promise<unknown>) {
  const { database } = server;
  const state = { isOver: false };
  const end = (): void => {
    state.isOver = true;
  };
  over.then(end, end);
  const sinceMs = performance.now();
  while (!state.isOver) {
    samples.push(await sampleOf(database, (performance.now() - sinceMs) / 1_000));
    await forgetReceipts(database);
    await new Promise((resolve) => setTimeout(resolve, sampleMs));
  }
}

async function day(server: PoplarServer): Promise<BloatResults> {
  const when = circumstances('node bench/bloat.ts');
  const { database } = server;
  const site = new Site(database);
  if (values.threshold !== undefined) await setThreshold(database, values.threshold);
  const loads: { mailboxes: Mailboxes; share: number; octets: number }[] = [];
  for (const { share, ...filling } of kinds) {
    tell(`making ${filling.count} mailboxes of ${filling.messages} messages`);
    loads.push({ mailboxes: await site.add(filling), share, octets: filling.octets });
  }
  tell(`${messages} messages come and go within ${seconds} s`);
  const samples: Sample[] = [];
  const churning = Promise.all(loads.map((load) => churn(server, site.secret, load)));
  await watch(server, samples, churning);
  const churned = (await churning).reduce((sum, count) => sum + count, 0);
  await server.settle();
  const used = await sizesOf(database);
  const [vacuums] = await database.query(
    'select sum(autovacuum_count)::int as count from pg_stat_all_tables',
  );
  tell('writing everything afresh');
  await database.query('vacuum full');
  const fresh = await sizesOf(database);
  return {
    ...{ format: 1, circumstances: when, churned, seconds, samples, used, fresh },
    threshold: values.threshold === undefined ? null : Number(values.threshold),
    vacuums: Number(vacuums?.count),
  };
}

const server = await startPoplar({ postgres: looks });
try {
  const results = await day(server);
  const report = new BloatReport(results);
  process.stdout.write(report.text());
  if (values.out !== undefined) {
    writeFileSync(resultPath(values.out, 'json'), `${JSON.stringify(results, null, 1)}\n`);
    writeFileSync(resultPath(values.out, 'md'), report.text());
    writeFileSync(resultPath(values.out, 'svg'), report.drawing());
  }
} finally {
  await server.stop();
}
