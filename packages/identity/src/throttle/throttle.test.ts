/** Who waits for whose failures, and who never does (fault families V49, V55 and V57). */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import { TagTable } from '../cache/tag-table.ts';
import { lineWaitMsMax } from './limits.ts';
import { Networks } from './networks.ts';
import { ScoreTable } from './score-table.ts';
import { type Assessment, Throttle } from './throttle.ts';

const home = '198.51.100.7';
const secretOf = (number: number): Buffer => Buffer.from(`secret ${number}`);

function throttleOf({ trusted = [] as readonly string[] } = {}) {
  const clock = { ms: 1_000_000 };
  const now = (): number => clock.ms;
  const scores = new ScoreTable(ScoreTable.allocate(1 << 20), now);
  const throttle = new Throttle({
    scores,
    repeats: new TagTable(TagTable.allocate(1 << 20), now),
    friends: new TagTable(TagTable.allocate(1 << 20), now),
    scoreKey: randomBytes(32),
    tagKey: randomBytes(32),
    trusted: new Networks(trusted),
  });
  return { clock, throttle, scores };
}

function waitOf(assessment: Assessment): number {
  return 'refused' in assessment ? Number.POSITIVE_INFINITY : assessment.waitMs;
}

/**
 * An attempt as the login path makes it: waits, looks again, hashes for 10 ms, fails or succeeds.
 * Moves the clock. What came of it, and how long it waited.
 */
function attempt(
  { clock, throttle }: ReturnType<typeof throttleOf>,
  source: { address: string; account: string },
  secret: Buffer | 'right',
): { hashed: boolean; waitMs: number } {
  const waitMs = waitOf(throttle.assess(source));
  if (waitMs === Number.POSITIVE_INFINITY) return { hashed: false, waitMs };
  clock.ms += waitMs;
  if (!throttle.stillWelcome(source, waitMs)) return { hashed: false, waitMs };
  clock.ms += 10;
  if (secret === 'right') throttle.succeeded(source);
  else throttle.failed({ ...source, secret });
  return { hashed: true, waitMs };
}

describe('an address', () => {
  test('that fails with many accounts waits 2, 4, 8 and 15 s, and stays there', () => {
    const world = throttleOf();
    const waits: number[] = [];
    for (let number = 0; number < 200; number += 1) {
      const account = `user${number}`;
      waits.push(attempt(world, { address: home, account }, Buffer.from('Winter2026')).waitMs);
    }
    assert.deepEqual(new Set(waits), new Set([0, 2_000, 4_000, 8_000, 15_000]));
    assert.deepEqual(
      waits,
      waits.toSorted((a, b) => a - b),
    );
    assert.equal(waits.filter((wait) => wait === 0).length, 11, 'free ones');
    assert.equal(waits.at(-1), 15_000);
    world.clock.ms += 30 * 60_000;
    assert.equal(waitOf(world.throttle.assess({ address: home, account: 'ann' })), 0);
  });

  test('has one line, however many connections it comes on, and the line has an end', () => {
    const world = throttleOf();
    for (let number = 0; number < 11; number += 1) {
      world.throttle.failed({ address: home, account: `u${number}`, secret: secretOf(number) });
    }
    const waits = Array.from({ length: 100 }, (_, number) =>
      waitOf(world.throttle.assess({ address: home, account: `v${number}` })),
    );
    assert.deepEqual(
      waits.filter((wait) => wait < Number.POSITIVE_INFINITY),
      Array.from({ length: lineWaitMsMax / 2_000 }, (_, index) => (index + 1) * 2_000),
    );
    assert.equal(waitOf(world.throttle.assess({ address: '198.51.100.8', account: 'v1' })), 0);
    world.clock.ms += 4_000;
    assert.equal(
      waitOf(world.throttle.assess({ address: home, account: 'w' })),
      lineWaitMsMax - 2_000,
    );
  });

  test('that guesses in one burst on 1,000 connections has few hashes for it', () => {
    const { clock, throttle } = throttleOf();
    const sources = Array.from({ length: 1_000 }, (_, number) => ({
      address: home,
      account: `user${number}`,
    }));
    const waiting = sources
      .map((source) => ({ source, waitMs: waitOf(throttle.assess(source)) }))
      .filter(({ waitMs }) => waitMs < Number.POSITIVE_INFINITY);
    const startMs = clock.ms;
    let hashes = 0;
    for (const { source, waitMs } of waiting) {
      clock.ms = Math.max(clock.ms, startMs + waitMs);
      if (!throttle.stillWelcome(source, waitMs)) continue;
      hashes += 1;
      clock.ms += 10;
      throttle.failed({ ...source, secret: Buffer.from('Winter2026') });
    }
    assert.ok(hashes <= 51, `${hashes} hashes`);
  });

  test('of IPv6 is a /64; a guesser who has a /48 gets not much further', () => {
    const world = throttleOf();
    for (let number = 0; number < 11; number += 1) {
      const address = `2001:db8:1:1::${number}`;
      world.throttle.failed({ address, account: `u${number}`, secret: secretOf(number) });
    }
    const wait = (address: string): number =>
      waitOf(world.throttle.assess({ address, account: 'ann' }));
    assert.equal(wait('2001:db8:1:1:ffff::1'), 2_000);
    assert.equal(wait('2001:db8:1:2::1'), 0);
    for (let number = 0; number < 500; number += 1) {
      const address = `2001:db8:1:${number.toString(16)}::1`;
      world.throttle.failed({ address, account: `u${number}`, secret: secretOf(1) });
    }
    assert.equal(wait('2001:db8:1:ffff::1'), 15_000);
    assert.equal(wait('2001:db8:1:fffe::1'), 16_875, 'the line of the site is shorter');
    assert.equal(wait('2001:db8:2::1'), 0);
  });

  test('in a trusted network waits for nothing and counts for nothing', () => {
    const world = throttleOf({ trusted: ['198.51.100.0/24'] });
    const source = { address: home, account: 'ann' };
    for (let number = 0; number < 100; number += 1) {
      assert.deepEqual(attempt(world, source, secretOf(number)), { hashed: true, waitMs: 0 });
    }
    assert.equal(waitOf(world.throttle.assess({ address: '192.0.2.1', account: 'ann' })), 0);
  });
});

describe('those who share an address', () => {
  test('500 users behind one NAT with a broken phone all log in', () => {
    const world = throttleOf();
    const { clock, throttle } = world;
    for (let round = 0; round < 200; round += 1) {
      const phone = { address: home, account: 'phone' };
      assert.equal(attempt(world, phone, Buffer.from('old password')).hashed, true);
      clock.ms += 1_000;
    }
    for (let number = 0; number < 500; number += 1) {
      const source = { address: home, account: `user${number}` };
      assert.equal(attempt(world, source, 'right').hashed, true);
    }
    const together = Array.from({ length: 500 }, (_, number) =>
      waitOf(throttle.assess({ address: home, account: `other${number}` })),
    );
    assert.ok(Math.max(...together) <= 5_000, 'also when all come at once');
  });

  test('friends get past a guesser at their address, strangers stand in his line', () => {
    const world = throttleOf();
    const friend = { address: home, account: 'friend' };
    attempt(world, friend, 'right');
    for (let number = 0; number < 60; number += 1) {
      world.throttle.failed({ address: home, account: `u${number}`, secret: secretOf(number) });
    }
    while (waitOf(world.throttle.assess({ address: home, account: 'x' })) < lineWaitMsMax);
    assert.deepEqual(world.throttle.assess({ address: home, account: 'x' }), { refused: true });
    const waits = Array.from({ length: 5 }, () => waitOf(world.throttle.assess(friend)));
    assert.deepEqual(waits, [0, 200, 400, 600, 800]);
    assert.equal(world.throttle.stillWelcome(friend, 0), true);
    assert.equal(world.throttle.stillWelcome({ address: home, account: 'x' }, 2_000), false);
  });

  test('a friend whose own password is guessed from there is delayed, too', () => {
    const world = throttleOf();
    const friend = { address: home, account: 'friend' };
    attempt(world, friend, 'right');
    const waits = Array.from({ length: 20 }, (_, number) => {
      return attempt(world, friend, secretOf(number)).waitMs;
    });
    assert.equal(waits.filter((wait) => wait === 0).length, 4);
    assert.equal(waits.at(-1), 15_000);
    assert.equal(attempt(world, friend, 'right').hashed, true);
    assert.equal(waitOf(world.throttle.assess(friend)) < 1_000, true, 'forgiven');
  });
});

describe('an account', () => {
  test('that is guessed from 10,000 addresses is delayed by 2 s and never refused', () => {
    const world = throttleOf();
    const friend = { address: home, account: 'victim' };
    attempt(world, friend, 'right');
    for (let number = 0; number < 10_000; number += 1) {
      const address = `203.${number >> 16}.${(number >> 8) & 255}.${number & 255}`;
      const { hashed, waitMs } = attempt(world, { address, account: 'victim' }, secretOf(number));
      assert.ok(hashed && waitMs <= 2_000, `attempt ${number}: ${waitMs} ms`);
    }
    assert.equal(waitOf(world.throttle.assess({ address: '192.0.2.1', account: 'victim' })), 2_000);
    assert.equal(waitOf(world.throttle.assess(friend)), 0, 'where it has logged in before');
    assert.equal(waitOf(world.throttle.assess({ address: '192.0.2.1', account: 'bystander' })), 10);
  });

  test('is known where it logged in for a week', () => {
    const world = throttleOf();
    const source = { address: home, account: 'ann' };
    attempt(world, source, 'right');
    const guess = (): void => {
      for (let number = 0; number < 30; number += 1) {
        const address = `192.0.2.${number}`;
        const secret = randomBytes(8);
        world.throttle.failed({ address, account: 'ann', secret });
      }
    };
    world.clock.ms += 6 * 86_400_000;
    guess();
    assert.equal(waitOf(world.throttle.assess(source)), 0);
    world.clock.ms += 86_400_000;
    guess();
    assert.equal(waitOf(world.throttle.assess(source)), 2_000);
  });
});

describe('a wrong secret that is repeated', () => {
  test('counts once, from wherever it comes, and again after an hour of silence', () => {
    const { clock, throttle } = throttleOf();
    const failed = (account: string, secret: string | null, address = home): boolean =>
      throttle.failed({ address, account, secret: secret === null ? null : Buffer.from(secret) });
    assert.equal(failed('ann', 'a'), true);
    assert.equal(failed('ann', 'a'), false);
    assert.equal(failed('ann', 'a', '192.0.2.1'), false);
    assert.equal(failed('ann', 'b'), true, 'another secret');
    assert.equal(failed('bob', 'a'), true, 'another account');
    for (let minutes = 0; minutes < 180; minutes += 50) {
      clock.ms += 50 * 60_000;
      assert.equal(failed('ann', 'a'), false);
    }
    clock.ms += 60 * 60_000;
    assert.equal(failed('ann', 'a'), true);
    assert.deepEqual([failed('ann', null), failed('ann', null)], [true, true], 'none is shown');
  });

  test('comes to a hash once a second and no more, whatever its pace', () => {
    const world = throttleOf();
    const source = { address: home, account: 'phone' };
    const startMs = world.clock.ms;
    let hashes = 0;
    for (let tries = 0; tries < 100; tries += 1) {
      if (attempt(world, source, Buffer.from('old')).hashed) hashes += 1;
    }
    const seconds = (world.clock.ms - startMs) / 1_000;
    assert.ok(hashes <= seconds + 2, `${hashes} hashes in ${seconds} s`);
    const burst = Array.from({ length: 1_000 }, () => waitOf(world.throttle.assess(source)));
    assert.ok(burst.filter((wait) => wait < Number.POSITIVE_INFINITY).length <= 31);
    const neighbour = { address: home, account: 'neighbour' };
    assert.ok(waitOf(world.throttle.assess(neighbour)) < 500, 'nobody else notices');
  });
});
