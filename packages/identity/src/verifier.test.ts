/** Verdicts, bounds and equal cost of the verifier, against the real library. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hash } from '@node-rs/argon2';
import fc from 'fast-check';
import { hashPassword } from './password.ts';
import { Verifier } from './verifier.ts';

const bytes = (text: string) => new TextEncoder().encode(text);

/** The verdict on one record, or on none. */
async function verdictOf(verifier: Verifier, secret: Uint8Array, stored: string | null) {
  const records = stored === null ? [] : [stored];
  return (await verifier.verify(secret, records, 'test')).verdict;
}

const salt = Buffer.alloc(16, 7).toString('base64').replaceAll('=', '');
const digest = Buffer.alloc(32, 9).toString('base64').replaceAll('=', '');

test('a new hash is argon2id with the decided costs and matches its secret alone', async () => {
  const verifier = new Verifier();
  const stored = await hashPassword(bytes('correct horse'));
  assert.match(stored, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  assert.notEqual(stored, await hashPassword(bytes('correct horse')), 'a fresh salt each time');
  assert.equal(await verdictOf(verifier, bytes('correct horse'), stored), 'match');
  assert.equal(await verdictOf(verifier, bytes('correct horse '), stored), 'no-match');
  assert.equal(await verdictOf(verifier, bytes(''), stored), 'no-match');
  assert.equal(await verdictOf(verifier, new Uint8Array(1025), stored), 'no-match');
});

test('a secret is bytes: no charset, no trimming, NUL included', async () => {
  const verifier = new Verifier();
  const secret = new Uint8Array([0, 255, 254, 9, 13, 10, 32]);
  const stored = await hashPassword(secret);
  assert.equal(await verdictOf(verifier, secret, stored), 'match');
  assert.equal(await verdictOf(verifier, secret.subarray(0, 6), stored), 'no-match');
});

test('a secret that could never be verified is not hashed', async () => {
  await assert.rejects(hashPassword(new Uint8Array(0)), RangeError);
  await assert.rejects(hashPassword(new Uint8Array(1025)), RangeError);
});

test('an unknown name is no match, whatever the secret', async () => {
  const verifier = new Verifier();
  assert.equal(await verdictOf(verifier, bytes('x'), null), 'no-match');
  assert.equal(await verdictOf(verifier, bytes(''), null), 'no-match');
});

test('hashes made elsewhere are verified: argon2i, version 16, other costs', async () => {
  const verifier = new Verifier();
  const secret = bytes('moved');
  const variants: [algorithm: number, version: number, lanes: number][] = [
    [1, 1, 1],
    [2, 1, 4],
    [1, 0, 1],
  ];
  for (const [algorithm, version, parallelism] of variants) {
    const options = { algorithm, version, parallelism, memoryCost: 4096, timeCost: 3 };
    const stored = await hash(secret, options);
    assert.equal(await verdictOf(verifier, secret, stored), 'match', stored);
    assert.equal(await verdictOf(verifier, bytes('other'), stored), 'no-match', stored);
  }
});

/**
 * Microseconds of processor that all threads of this process spend on it, in the best of three: what else runs
 * on the machine does not count.
 */
async function fewestUs(work: () => Promise<unknown>): Promise<number> {
  let fewest = Number.POSITIVE_INFINITY;
  for (let times = 0; times < 3; times += 1) {
    const before = process.cpuUsage();
    await work();
    const { user, system } = process.cpuUsage(before);
    fewest = Math.min(fewest, user + system);
  }
  return fewest;
}

test('V50: malformed and expensive records are unusable, at once and without a crash', async () => {
  const verifier = new Verifier();
  const records = [
    '',
    'secret',
    '{PLAIN}secret',
    '$2y$31$abcdefghijklmnopqrstuuRkfIcJ2MO0vPqbQHwFGpxX6oZ0AZpVW',
    '$argon2id$',
    '$argon2id$v=19$m=4294967296,t=2,p=1$',
    `$argon2id$v=19$m=4294967296,t=2,p=1$${salt}$${digest}`,
    `$argon2id$v=19$m=4294967295,t=2,p=1$${salt}$${digest}`,
    `$argon2id$v=19$m=262145,t=2,p=1$${salt}$${digest}`,
    `$argon2id$v=19$m=19456,t=0,p=1$${salt}$${digest}`,
    `$argon2id$v=19$m=19456,t=11,p=1$${salt}$${digest}`,
    `$argon2id$v=19$m=19456,t=2,p=9$${salt}$${digest}`,
    `$argon2id$v=19$m=19456,t=2,p=0$${salt}$${digest}`,
    `$argon2id$v=19$m=8,t=2,p=2$${salt}$${digest}`,
    `$argon2id$v=18$m=19456,t=2,p=1$${salt}$${digest}`,
    `$argon2d$v=19$m=19456,t=2,p=1$${salt}$${digest}`,
    `$argon2id$v=19$m=19456,t=2,p=1$${salt}$`,
    `$argon2id$v=19$m=19456,t=2,p=1$$${digest}`,
    `$argon2id$v=19$m=19456,t=2,p=1$${salt}$$${digest}`,
    `$argon2id$v=19$m=19456,t=2,p=1$${salt}$${digest.slice(0, 20)}`,
    `$argon2id$v=19$m=19456,t=2,p=1$${salt}$${digest}\0`,
    `$argon2id$v=19$m=19456,t=2,p=1$${salt}$${digest}\n`,
    `$argon2id$v=19$m=19456,t=2,p=1$${salt}$${'!'.repeat(43)}`,
    `$argon2id$v=19$m=19456,t=2,p=1$${salt}$${'A'.repeat(41)}`,
    `$argon2id$v=19$m=19456,t=2,p=1$${'A'.repeat(68)}$${digest}`,
    `$argon2id$v=19$m=19456,t=2,p=1$${salt}$${'A'.repeat(100_000)}`,
    // Stray bits behind the last octet.
    `$argon2id$v=19$m=19456,t=2,p=1$${salt}$${digest.slice(0, -1)}B`,
  ];
  // Each costs what a wrong password costs, and the cheapest that is refused would cost thirteen times that.
  const wrong = await hashPassword(bytes('another'));
  const wrongUs = await fewestUs(() => verdictOf(verifier, bytes('secret'), wrong));
  for (const record of records) {
    const spentUs = await fewestUs(async () => {
      const verdict = await verdictOf(verifier, bytes('secret'), record);
      assert.equal(verdict, 'unusable', record.slice(0, 80));
    });
    assert.ok(spentUs < 5 * wrongUs, `${record.slice(0, 80)}: ${spentUs} us, not ${wrongUs}`);
  }
});

test('property: no stored string makes it throw or match', async () => {
  const verifier = new Verifier();
  const part = fc.constantFrom(
    '$',
    'argon2id',
    'v=19',
    'm=64,t=1,p=1',
    salt,
    digest,
    'm=',
    ',',
    '1',
  );
  const record = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(part, { maxLength: 8 }).map((parts) => `$argon2id$${parts.join('')}`),
  );
  await fc.assert(
    fc.asyncProperty(record, async (stored) => {
      assert.notEqual(await verdictOf(verifier, bytes('secret'), stored), 'match');
    }),
    { numRuns: 60 },
  );
});

test('no more than concurrencyMax run, no more than queueMax wait, the rest is overloaded', async () => {
  const verifier = new Verifier({ concurrencyMax: 2, queueMax: 3 });
  const stored = await hashPassword(bytes('x'));
  const finished: number[] = [];
  const verdicts = Array.from({ length: 8 }, async (_, index) => {
    const verdict = await verdictOf(verifier, bytes('x'), stored);
    assert.ok(verifier.running <= 2);
    finished.push(index);
    return verdict;
  });
  assert.equal(verifier.running, 2);
  assert.equal(verifier.waiting, 3);
  const all = await Promise.all(verdicts);
  assert.deepEqual(all.slice(0, 5), Array(5).fill('match'));
  assert.deepEqual(all.slice(5), Array(3).fill('overloaded'));
  assert.deepEqual(finished.slice(0, 3), [5, 6, 7], 'a refusal does not wait');
  assert.equal(verifier.running, 0);
  assert.equal(verifier.waiting, 0);
  assert.equal(await verdictOf(verifier, bytes('x'), stored), 'match', 'usable again afterwards');
});

test('an unusable record gives its place back', async () => {
  const verifier = new Verifier({ concurrencyMax: 1, queueMax: 1 });
  assert.equal(await verdictOf(verifier, bytes('x'), 'nonsense'), 'unusable');
  assert.equal(verifier.running, 0);
});

test('unknown, wrong, empty, unusable and cheap cost the same', async () => {
  const verifier = new Verifier();
  const stored = await hashPassword(bytes('x'));
  const costUs = (secret: string, record: string | null) =>
    fewestUs(() => verdictOf(verifier, bytes(secret), record));
  const wrongUs = await costUs('wrong', stored);
  // A shortcut would take microseconds.
  for (const [secret, record] of [
    ['wrong', null],
    ['', stored],
    ['wrong', 'nonsense'],
    // Cheap to compare with by itself.
    ['wrong', '{SSHA}RzDM6NcvJGuDMsE/6Grcy4k4sMQ5fSI5'],
  ] as const) {
    const otherUs = await costUs(secret, record);
    assert.ok(otherUs > wrongUs / 4, `${otherUs} us against ${wrongUs} us`);
  }
});
