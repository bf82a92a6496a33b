import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type LogFields, type Owner, silentLog } from '@poplar/runtime';
import { openStore, type Store } from '@poplar/store';
import { type TemporaryDatabase, temporaryDatabase } from '@poplar/store/testing';
import { Leases } from './leases.ts';

let database: TemporaryDatabase;
let store: Store;
before(async () => {
  database = await temporaryDatabase();
  store = openStore({ databaseUrl: database.url });
});
after(async () => {
  await store.end();
  await database.drop();
});

const leasesOf = (nodeName: string): Leases =>
  new Leases({ store, nodeName, version: '1.2.3', log: silentLog });

/** Stands for the supervisor: one worker, and what it was told. */
function holder(ownerId: string) {
  const owners: Owner[] = [{ place: { role: 'pop3', worker: 0 }, ownerId, sessions: 3 }];
  const lapsed: string[] = [];
  const cutOffs: number[] = [];
  return {
    owners,
    lapsed,
    cutOffs,
    cutOff: (): void => {
      cutOffs.push(performance.now());
    },
    leaseLapsed: (owner: Owner): void => {
      lapsed.push(owner.ownerId);
    },
    changeOwner: (former: Owner, next: string): boolean => {
      const index = owners.findIndex((owner) => owner.ownerId === former.ownerId);
      owners[index] = { place: former.place, ownerId: next, sessions: 0 };
      return index >= 0;
    },
  };
}

const newsFor = (workers: ReturnType<typeof holder>) => ({ workers, drainWanted: () => {} });

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 100; tries += 1) {
    if (await holds()) return;
    await sleep(20);
  }
  assert.fail(`not within 2 s: ${what}`);
}

describe('leases', () => {
  test('a row that was removed is replaced and the worker hears of it', async () => {
    const leases = leasesOf('n1');
    const { ownerId } = await leases.beforeStart({ role: 'pop3', worker: 0 });
    const holders = holder(ownerId);
    await store.removeOwner(ownerId);
    leases.begin(newsFor(holders), 20);
    await until('a new owner', async () => holders.owners[0]?.ownerId !== ownerId);
    await leases.end();
    const rows = await store.listOwners();
    assert.deepEqual(
      rows.map((row) => row.ownerId),
      [holders.owners[0]?.ownerId],
    );
  });

  test('a lease that was over goes on, and its worker hears of it', async () => {
    const leases = leasesOf('n5');
    const { ownerId } = await leases.beforeStart({ role: 'pop3', worker: 0 });
    const holders = holder(ownerId);
    leases.begin(newsFor(holders), 20);
    await sleep(100);
    assert.deepEqual(holders.lapsed, []);
    await database.query("update owner set lease_until = now() - interval '1 second'");
    await until('told', async () => holders.lapsed.length > 0);
    await leases.end();
    assert.deepEqual([...new Set(holders.lapsed)], [ownerId]);
    await store.removeOwner(ownerId);
  });

  test('workers look after their locks when the database was away', async () => {
    const leases = leasesOf('n6');
    const { ownerId } = await leases.beforeStart({ role: 'pop3', worker: 0 });
    const holders = holder(ownerId);
    await database.query('alter table owner rename to owner_away');
    leases.begin(newsFor(holders), 20);
    await until('not reachable', async () => !leases.isReachable);
    assert.deepEqual(holders.lapsed, []);
    await database.query('alter table owner_away rename to owner');
    await until('told', async () => holders.lapsed.length > 0);
    await leases.end();
    await store.removeOwner(ownerId);
  });

  test('a row that is there is renewed, and gone with its worker', async () => {
    const leases = leasesOf('n2');
    const { ownerId } = await leases.beforeStart({ role: 'pop3', worker: 3 });
    const leaseOf = async (): Promise<number> => {
      const row = (await store.listOwners()).find((owner) => owner.ownerId === ownerId);
      return row?.leaseUntil.getTime() ?? 0;
    };
    const first = await leaseOf();
    leases.begin(newsFor(holder(ownerId)), 20);
    await until('a longer lease', async () => (await leaseOf()) > first);
    await leases.end();
    await leases.afterExit({ role: 'pop3', worker: 3 }, ownerId);
    assert.equal(await leaseOf(), 0);
  });

  test('a renewal says what the node does, and brings what is ordered', async () => {
    const heard: boolean[] = [];
    const drainWanted = (isWanted: boolean): void => void heard.push(isWanted);
    const leases = leasesOf('n9');
    const { ownerId } = await leases.beforeStart({ role: 'pop3', worker: 0 });
    const rowOf = async () => (await store.listOwners()).find((row) => row.ownerId === ownerId);
    leases.begin({ workers: holder(ownerId), drainWanted }, 60_000);
    // Not in a minute: now.
    leases.showDraining(true);
    await until('it is shown', async () => (await rowOf())?.draining === true);
    const row = await rowOf();
    assert.deepEqual([row?.version, row?.sessions, heard.at(-1)], ['1.2.3', 3, false]);
    await store.cluster.drainNode({ nodeName: 'n9' });
    leases.showDraining(false);
    await until('it is heard', async () => heard.at(-1) === true);
    await store.cluster.undrainNode({ nodeName: 'n9' });
    await leases.end();
    await store.removeOwner(ownerId);
  });

  test('sessions end when renewals have failed for long enough, and not before', async () => {
    const far = openStore({ databaseUrl: 'postgresql://poplar@127.0.0.1:1/poplar' });
    const leases = new Leases({ store: far, nodeName: 'n8', version: '', log: silentLog });
    const holders = holder(randomUUID());
    const sinceMs = performance.now();
    leases.begin(newsFor(holders), 20, 2_500);
    await sleep(1_500);
    assert.equal(leases.isReachable, false);
    assert.deepEqual(holders.cutOffs, []);
    for (let tries = 0; holders.cutOffs.length === 0 && tries < 200; tries += 1) await sleep(20);
    await sleep(1_100);
    const [atMs = 0, ...more] = holders.cutOffs;
    assert.ok(atMs - sinceMs >= 2_500 && atMs - sinceMs < 5_000, `${atMs - sinceMs} ms`);
    assert.deepEqual(more, [], 'once');
    await leases.end();
    await far.end();
  });

  test('a restarted node frees what its former self held, and nobody else', async () => {
    const former = { ownerId: randomUUID(), nodeName: 'n3', bootId: randomUUID(), worker: 0 };
    const other = { ...former, ownerId: randomUUID(), nodeName: 'n4' };
    await store.registerOwner(former);
    await store.registerOwner(other);
    await leasesOf('n3').removeFormer();
    const left = (await store.listOwners()).map(({ ownerId }) => ownerId);
    assert.deepEqual([left.includes(former.ownerId), left.includes(other.ownerId)], [false, true]);
  });

  test('two nodes of one name: both say so, and one that comes after an end does not', async () => {
    const said: string[] = [];
    const warn = (fields: LogFields, message: string): void => {
      said.push(`${message} ${JSON.stringify(fields)}`);
    };
    const node = (): Leases =>
      new Leases({ store, nodeName: 'twin', version: '1.2.3', log: { ...silentLog, warn } });
    const place = { role: 'pop3', worker: 0 };
    const [first, second, third] = [node(), node(), node()];
    const { ownerId } = await first.beforeStart(place);
    await first.removeFormer();
    assert.deepEqual(said, [], 'its own workers are no strangers');
    await second.removeFormer();
    assert.match(
      said.splice(0).join(),
      /^a node of this name was alive .*"aliveSecondsAgo":\d+\}$/,
    );
    const workers = holder(ownerId);
    first.begin(newsFor(workers), 20);
    await until('the first has noticed', async () => said.length > 0);
    await first.end();
    assert.match(said.splice(0).join(), /^lease lost, .* may have started as twin \{/);
    for (const { ownerId: own } of workers.owners) await first.afterExit(place, own);
    await third.removeFormer();
    assert.deepEqual(said, []);
  });
});
