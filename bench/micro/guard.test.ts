/**
 * The guard of what was kept: the protocol and the store allocate no more than they did, and the store's
 * statements have the plans that they had. Counts, not times: they are the same on a busy machine.
 *
 * What is meant to change is kept anew with `node bench/micro/run.ts --keep`, and the difference belongs
 * into the commit.
 */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { temporaryServer } from '@poplar/store/testing';
import { count, isMore, keptPlansFile, readKept } from './counted.ts';
import { guardFlags } from './micro-case.ts';
import { storePlans } from './store-plans.ts';

const again = 'node bench/micro/run.ts --keep';

test('nothing allocates more than it did', () => {
  const { node, octets } = readKept();
  assert.equal(process.version, node, `counts are kept for another Node: ${again}`);
  const counted = count(guardFlags);
  assert.deepEqual(
    counted.map(({ name }) => name),
    Object.keys(octets),
    `the cases are others: ${again}`,
  );
  const more = counted.flatMap((result) =>
    isMore(result.octets, octets[result.name] ?? 0)
      ? [`${result.name}: ${result.octets.toFixed(1)} octets, kept ${octets[result.name]}`]
      : [],
  );
  assert.deepEqual(more, [], again);
});

test('the guard notices a quarter more, and not a tenth', () => {
  assert.ok(isMore(125, 100));
  assert.ok(!isMore(110, 100));
  assert.ok(isMore(9, 0));
});

test("the store's statements have the plans that are kept", async () => {
  const server = await temporaryServer();
  try {
    const plans = await storePlans(server);
    const kept = readFileSync(keptPlansFile, 'utf8');
    const [version] = plans.split('\n', 1);
    const [keptVersion] = kept.split('\n', 1);
    assert.equal(version, keptVersion, `plans are kept for another PostgreSQL: ${again}`);
    assert.equal(plans, kept, again);
  } finally {
    await server.stop();
  }
});
