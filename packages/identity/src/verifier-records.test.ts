/** Several stored hashes for a name, which of them matched, when to make a new one, and fairness. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeAppPassword } from './app-password.ts';
import { verifyConcurrencyMax, verifyQueuePerSourceMax } from './limits.ts';
import { hashPassword } from './password.ts';
import { vectors } from './schemes/vectors.ts';
import { makeScramSecret } from './scram.ts';
import { Verifier } from './verifier.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const match = (index: number, rehash: boolean) => ({ verdict: 'match', index, rehash });
const noMatch = { verdict: 'no-match', index: -1, rehash: false };
const unusable = { verdict: 'unusable', index: -1, rehash: false };
const overloaded = { verdict: 'overloaded', index: -1, rehash: false };

const weak = { memoryKib: 8192, passes: 1, lanes: 1 };
const ssha = '{SSHA}RzDM6NcvJGuDMsE/6Grcy4k4sMQ5fSI5';
const sha512Crypt =
  '$6$c7kWdafeGhY7bWQh$QH0uX1TidxAQfzLifPR9eAw9gdeW/knokay4kpooLNZfyEOBf1hv0DDj6zjgtHMnWS5c8fQGkCIfP4eZWL1JN.';

test('hashes of other programs match, and are to be replaced when they are no argon2id', async () => {
  const verifier = new Verifier();
  for (const { secret, stored } of vectors) {
    const isCurrent = /argon2id|SCRAM/.test(stored);
    const verification = await verifier.verify(bytes(secret), [stored], 'a');
    assert.deepEqual(verification, match(0, !isCurrent), stored);
  }
  await verifier.end();
});

test('which one matched is told, and one that is broken does not spoil the others', async () => {
  const verifier = new Verifier();
  const app = makeAppPassword();
  const stored = ['{SHA}x', await hashPassword(bytes('one')), ssha, '', app.stored];
  const verify = (text: string) => verifier.verify(bytes(text), stored, 'a');
  assert.deepEqual(await verify('one'), match(1, false));
  assert.deepEqual(await verify('correct horse'), match(2, true));
  assert.deepEqual(await verify(app.text), match(4, false));
  assert.deepEqual(await verify('two'), noMatch);
  assert.deepEqual(await verifier.verify(bytes('one'), ['{SHA}x', ''], 'a'), unusable);
  assert.deepEqual(await verifier.verify(bytes('one'), [], 'a'), noMatch);
  assert.deepEqual(await verifier.verify(bytes(''), ['{SHA}x'], 'a'), unusable);
});

test('a new hash is wanted when memory or passes have risen, not when they are above', async () => {
  const stored = await hashPassword(bytes('x'), weak);
  assert.match(stored, /m=8192,t=1,p=1/);
  const rehash = async (argon2: typeof weak) => {
    const verifier = new Verifier({ argon2 });
    return (await verifier.verify(bytes('x'), [stored], 'a')).rehash;
  };
  assert.equal(await rehash(weak), false);
  assert.equal(await rehash({ ...weak, memoryKib: 8191 }), false);
  assert.equal(await rehash({ ...weak, memoryKib: 8193 }), true);
  assert.equal(await rehash({ ...weak, passes: 2 }), true);
  assert.equal(await rehash({ ...weak, lanes: 2 }), false);
  assert.equal((await new Verifier().verify(bytes('x'), [stored], 'a')).rehash, true);
});

test('costs that could not be verified are refused where they are set', async () => {
  for (const argon2 of [
    { ...weak, memoryKib: 262_145 },
    { ...weak, memoryKib: 7 },
    { ...weak, passes: 0 },
    { ...weak, passes: 1.5 },
    { ...weak, lanes: 9 },
  ]) {
    assert.throws(() => new Verifier({ argon2 }), RangeError);
    await assert.rejects(hashPassword(bytes('x'), argon2), RangeError);
  }
});

test('a SCRAM secret is compared with only where there is no hash', async () => {
  const verifier = new Verifier({ argon2: weak });
  const hash = await hashPassword(bytes('new'), weak);
  const scram = (await makeScramSecret({ hash: 'sha256', password: bytes('old') })) ?? '';
  assert.deepEqual(await verifier.verify(bytes('old'), [scram], 'a'), match(0, false));
  assert.deepEqual(await verifier.verify(bytes('old'), [scram, hash], 'a'), noMatch);
  assert.deepEqual(await verifier.verify(bytes('new'), [scram, hash], 'a'), match(1, false));
  const app = makeAppPassword();
  assert.deepEqual(await verifier.verify(bytes('old'), [app.stored, scram], 'a'), match(1, false));
});

test('no more than four passwords are compared with, whatever is stored', async () => {
  const verifier = new Verifier({ argon2: weak });
  const other = await hashPassword(bytes('other'), weak);
  const mine = await hashPassword(bytes('mine'), weak);
  const verify = (count: number) =>
    verifier.verify(bytes('mine'), [...Array<string>(count).fill(other), mine], 'a');
  assert.deepEqual(await verify(3), match(3, false));
  assert.deepEqual(await verify(4), noMatch);
  assert.deepEqual(await verify(100_000), noMatch);
});

test('a secret that is not in its prepared form is tried in both, of every weight', async () => {
  const verifier = new Verifier({ argon2: weak });
  const app = makeAppPassword();
  const stored = [app.stored, await hashPassword(bytes('caf\u00e9'), weak)];
  assert.deepEqual(await verifier.verify(bytes('cafe\u0301'), stored, 'a'), match(1, false));
  const typed = bytes(app.text.replaceAll('-', '\u00a0'));
  assert.deepEqual(await verifier.verify(typed, stored, 'a'), match(0, false));
  assert.deepEqual(await verifier.verify(bytes('cafe\u0301s'), stored, 'a'), noMatch);
});

test('without the crypt thread a hash of crypt(3) is a temporary failure, and others go on', async () => {
  const verifier = new Verifier({ argon2: weak });
  const secret = bytes('correct horse');
  assert.deepEqual(await verifier.verify(secret, [sha512Crypt], 'a'), match(0, true));
  await verifier.end();
  assert.deepEqual(await verifier.verify(secret, [sha512Crypt], 'a'), overloaded);
  assert.deepEqual(await verifier.verify(secret, [sha512Crypt, ssha], 'a'), match(1, true));
  assert.equal(verifier.running, 0);
});

test('one address with hundreds of connections denies nobody else', async () => {
  const verifier = new Verifier();
  const stored = await hashPassword(bytes('right'));
  const flood = Array.from({ length: 280 }, () =>
    verifier.verify(bytes('wrong'), [stored], '203.0.113.9'),
  );
  const before = performance.now();
  const logins = await Promise.all(
    Array.from({ length: 8 }, (_, at) =>
      verifier.verify(bytes('right'), [stored], `198.51.100.${at}`),
    ),
  );
  const elapsedMs = performance.now() - before;
  for (const login of logins) assert.deepEqual(login, match(0, false));
  assert.ok(verifier.waiting > 30, 'the flood still waits');
  const refused = (await Promise.all(flood)).filter(({ verdict }) => verdict === 'overloaded');
  assert.equal(refused.length, 280 - verifyQueuePerSourceMax - verifyConcurrencyMax);
  const allMs = performance.now() - before;
  assert.ok(elapsedMs < allMs / 2, `${elapsedMs} of ${allMs} ms`);
});

test('a queue that few addresses have filled makes room for another one', async () => {
  const verifier = new Verifier({ queueMax: 8, queuePerSourceMax: 4, argon2: weak });
  const stored = await hashPassword(bytes('right'), weak);
  const flood = Array.from({ length: 40 }, (_, at) =>
    verifier.verify(bytes('wrong'), [stored], `203.0.113.${at % 4}`),
  );
  assert.equal(verifier.waiting, 8);
  const login = await verifier.verify(bytes('right'), [stored], '198.51.100.1');
  assert.deepEqual(login, match(0, false));
  await Promise.all(flood);
  assert.equal(verifier.running, 0);
});
