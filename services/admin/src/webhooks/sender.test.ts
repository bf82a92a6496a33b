/**
 * The sender over a real database and real receivers: one that is down and comes back, one that is slow,
 * two nodes that share the work, and what the database holds of all that.
 */

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Log, type LogFields, MetricSet, silentLog } from '@poplar/runtime';
import { openStore, type Store } from '@poplar/store';
import { type TemporaryDatabase, temporaryDatabase } from '@poplar/store/testing';
import { type Receiver, startReceiver } from '../testing/receiver.ts';
import { attemptsMax, retrySecondsMax } from './limits.ts';
import { EventPoster } from './post-event.ts';
import { Reachable } from './reachable.ts';
import { retryAfterSeconds, Sender, type SenderTiming } from './sender.ts';

let database: TemporaryDatabase;
let store: Store;
let receiver: Receiver;
const senders: Sender[] = [];
/** Statements of the store. */
const ran: string[] = [];
const quiet = {
  opensSent: () => {},
  locksStolen: () => {},
  lockWaited: () => {},
  bodiesRead: () => {},
};

before(async () => {
  database = await temporaryDatabase();
  const meter = { ...quiet, statementRan: (name: string) => void ran.push(name) };
  store = openStore({ databaseUrl: database.url, tellsWebhooks: true, meter });
  await store.ready();
});
after(async () => {
  await store.end();
  await database.drop();
});
beforeEach(async () => {
  receiver = await startReceiver();
});
afterEach(async () => {
  await Promise.all(senders.splice(0).map((sender) => sender.stop()));
  await receiver.end();
  await database.query('truncate webhook, webhook_delivery');
});

const quick = { lookIntervalMs: 50, retrySecondsMin: 0.1 };

function start(timing: Partial<SenderTiming> = {}, log: Log = silentLog): MetricSet {
  const metrics = new MetricSet();
  const reachable = new Reachable(['127.0.0.0/8']);
  const poster = new EventPoster({ allowsHttp: true, reachable, version: '0.0.0' });
  const { webhooks } = store.administration;
  const parts = { webhooks, poster, log, metrics, timing: { ...quick, ...timing } };
  const sender = new Sender(parts);
  senders.push(sender);
  sender.start();
  return metrics;
}

async function add(url: string): Promise<string> {
  const { origin } = new URL(url);
  const made = { url, origin, events: ['lock.broken'], secret: 's', domain: null };
  return store.administration.webhooks.add(made);
}

async function write(webhookId: string, count: number): Promise<void> {
  await database.query(
    `insert into webhook_delivery (webhook_id, event_id, event, payload)
     select $1, gen_random_uuid(), 'lock.broken', jsonb_build_object('n', n)
     from generate_series(1, $2) n`,
    [webhookId, count],
  );
}

async function rows(webhookId: string): Promise<Record<string, unknown>[]> {
  return database.query(
    `select state, attempts, last_status as status, last_error as error from webhook_delivery
     where webhook_id = $1 order by delivery_id`,
    [webhookId],
  );
}

async function until(webhookId: string, state: string, count: number): Promise<void> {
  for (let tries = 0; tries < 800; tries += 1) {
    const found = await rows(webhookId);
    if (found.filter((row) => row.state === state).length === count) return;
    await sleep(25);
  }
  assert.fail(`${JSON.stringify(await rows(webhookId))}`);
}

test('all that waits is sent, each once, by two senders together', async () => {
  const webhookId = await add(receiver.url);
  await write(webhookId, 60);
  const metrics = [start(), start()];
  await until(webhookId, 'delivered', 60);
  const ids = receiver.received.map(({ headers }) => headers['poplar-event-id']);
  assert.equal(new Set(ids).size, 60);
  assert.equal(ids.length, 60);
  const sum = metrics.map((set) => countOf(set)).reduce((a, b) => a + b);
  assert.equal(sum, 60);
  assert.deepEqual((await rows(webhookId))[0], {
    ...{ state: 'delivered', attempts: 1, status: 204, error: null },
  });
});

/** Attempts that were counted as delivered: the first numbers that are not 0 in its place. */
function countOf(metrics: MetricSet): number {
  return metrics.snapshot().reduce((sum, value) => sum + value, 0);
}

test('a receiver that is down gets its events when it is back, under the same ids', async () => {
  const { port, url } = receiver;
  await receiver.end();
  const webhookId = await add(url);
  await write(webhookId, 3);
  start();
  for (let tries = 0; tries < 400; tries += 1) {
    const found = await rows(webhookId);
    if (found.every(({ error, attempts }) => error === 'connection' && Number(attempts) > 1)) break;
    await sleep(25);
  }
  receiver = await startReceiver({ port });
  receiver.answer = (response) => void response.writeHead(503).end();
  await receiver.until(3);
  receiver.answer = (response) => void response.writeHead(200).end('thanks');
  await until(webhookId, 'delivered', 3);
  const ids = receiver.received.map(({ headers }) => headers['poplar-event-id']);
  assert.equal(new Set(ids).size, 3);
  assert.ok(ids.length >= 6, `${ids.length} requests`);
  const bodies = new Set(receiver.received.map(({ body }) => body));
  assert.equal(bodies.size, 3);
});

test('one that never takes an event leaves a dead letter, and a resent one is sent', async () => {
  receiver.answer = (response) => void response.writeHead(500).end();
  const webhookId = await add(receiver.url);
  await write(webhookId, 1);
  start({ attemptsMax: 3 });
  await until(webhookId, 'dead', 1);
  const letter = { state: 'dead', attempts: 3, status: 500, error: 'status' };
  assert.deepEqual(await rows(webhookId), [letter]);
  assert.equal(receiver.received.length, 3);
  receiver.answer = (response) => void response.writeHead(200).end();
  const { webhooks } = store.administration;
  const [dead] = await webhooks.listDeliveries({
    ...{ webhookId, state: 'dead', before: null, limit: 1 },
  });
  await webhooks.resend({ deliveryId: dead?.deliveryId ?? '', domain: null });
  await until(webhookId, 'delivered', 1);
  assert.equal(receiver.received.at(-1)?.headers['poplar-attempt'], '1');
});

test('a receiver that is slow holds up nobody else', async () => {
  const held: (() => void)[] = [];
  receiver.answer = (response) => void held.push(() => response.writeHead(200).end());
  const slow = await add(receiver.url);
  const other = await startReceiver();
  const fast = await add(other.url);
  await write(slow, 20);
  await write(fast, 100);
  start();
  await until(fast, 'delivered', 100);
  const waiting = (await rows(slow)).filter(({ state }) => state === 'pending');
  assert.equal(waiting.length, 20);
  // A few at once, and no more of it meanwhile.
  assert.ok(held.length <= 8, `${held.length} at once`);
  receiver.answer = (response) => void response.writeHead(200).end();
  for (const answer of held) answer();
  await until(slow, 'delivered', 20);
  await other.end();
});

test('receivers that never answer, with thousands of events, leave room for one that does', {
  timeout: 90_000,
}, async () => {
  receiver.answer = () => {};
  const other = await startReceiver();
  const good = await add(other.url);
  // More than the requests of a node when each had eight.
  const dead = await Promise.all(Array.from({ length: 20 }, () => add(receiver.url)));
  for (const webhookId of dead) await write(webhookId, 250);
  start();
  await receiver.until(8 * 8);
  await write(good, 40);
  await until(good, 'delivered', 40);
  assert.equal(new Set(other.received.map(({ body }) => body)).size, 40);
  const [held] = await database.query(
    "select count(*)::int as rows from webhook_delivery where state = 'pending' and webhook_id <> $1",
    [good],
  );
  assert.deepEqual(held, { rows: 5_000 }, 'nothing of the others was lost');
  // From the second round on they have one each: of the first one each had eight.
  const again = async () =>
    database.query(
      `select count(*) filter (where attempts = 1 and last_error is null)::int as n
       from webhook_delivery group by webhook_id
       having count(*) filter (where last_error = 'timeout') >= 8`,
    );
  for (let tries = 0; tries < 400 && (await again()).every(({ n }) => n === 0); tries += 1) {
    await sleep(50);
  }
  const underWay = (await again()).map(({ n }) => Number(n));
  assert.ok(underWay.length > 0 && Math.max(...underWay) === 1, underWay.join());
  await write(good, 40);
  await until(good, 'delivered', 80);
  await other.end();
});

test('the end of a node leaves what was under way to the next, which need not wait', async () => {
  receiver.answer = () => {};
  const webhookId = await add(receiver.url);
  await write(webhookId, 1);
  start({ retrySecondsMin: 600, attemptsMax: 1 });
  await receiver.until(1);
  await senders.pop()?.stop();
  assert.partialDeepStrictEqual(await rows(webhookId), [{ state: 'pending', error: 'stopped' }]);
  receiver.answer = (response) => void response.writeHead(200).end();
  start();
  await until(webhookId, 'delivered', 1);
  assert.equal(receiver.received.length, 2);
});

test('where there is no webhook, nothing is claimed', async () => {
  const { webhooks } = store.administration;
  // Here they were removed behind its back: it looks again now and then.
  for (let tries = 0; webhooks.any && tries < 400; tries += 1) await sleep(50);
  assert.equal(webhooks.any, false);
  ran.length = 0;
  start();
  await sleep(300);
  assert.ok(!ran.includes('claim_webhook_deliveries'), ran.join());
  await write(await add(receiver.url), 1);
  await receiver.until(1);
});

test('pauses double up to their bound, less up to half', () => {
  for (let attempts = 1; attempts <= attemptsMax; attempts += 1) {
    const longest = Math.min(retrySecondsMax, 5 * 2 ** (attempts - 1));
    for (let times = 0; times < 20; times += 1) {
      const seconds = retryAfterSeconds(attempts);
      assert.ok(seconds >= longest / 2 && seconds <= longest, `${attempts}: ${seconds}`);
    }
  }
  assert.ok(retryAfterSeconds(1_000) <= retrySecondsMax);
});

test('the first refusal of a webhook is told, and no other one before something was delivered', async () => {
  const lines: LogFields[] = [];
  const webhookId = await add('https://[::1]:8443/');
  await write(webhookId, 3);
  start({ attemptsMax: 9 }, { ...silentLog, warn: (fields) => void lines.push(fields) });
  const attempts = async (): Promise<number> => {
    const [row] = await database.query(
      "select coalesce(sum(attempts), 0)::int as n from webhook_delivery where last_error = 'refused'",
    );
    return Number(row?.n);
  };
  const late = AbortSignal.timeout(20_000);
  while ((await attempts()) < 6) {
    assert.ok(!late.aborted, 'six attempts were refused');
    await sleep(20);
  }
  assert.partialDeepStrictEqual(lines, [{ event: 'webhook', webhookId, outcome: 'refused' }]);
  assert.equal(lines.length, 1);
  assert.doesNotMatch(JSON.stringify(lines), /8443/);
});
