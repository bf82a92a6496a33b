/** Hashes that other programs made, hashes that would cost too much, and hashes that are none. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { CryptThread } from '../crypt/crypt-thread.ts';
import { readStored } from './index.ts';
import { refusedVectors, vectors } from './vectors.ts';

const crypt = new CryptThread();
after(() => crypt.end());

const bytes = (text: string) => new TextEncoder().encode(text);

function recordOf(stored: string) {
  const reading = readStored(stored);
  assert.ok(reading.kind === 'record', `${stored}: ${JSON.stringify(reading)}`);
  return reading.record;
}

test('hashes of other programs match their password and no other', async () => {
  for (const { secret, scheme, stored } of vectors) {
    const record = recordOf(stored);
    assert.equal(record.scheme, scheme);
    assert.equal(await record.verify(bytes(secret), crypt), true, stored);
    assert.equal(await record.verify(bytes(`X${secret}`), crypt), false, stored);
    assert.equal(await record.verify(bytes(secret.slice(0, -10)), crypt), false, stored);
  }
});

test('a digest that differs in its last octet alone does not match', async () => {
  const record = recordOf('{SSHA.HEX}276b707cd5dc3c25502cb135933486174968c8b41a852371');
  assert.equal(await record.verify(bytes('correct horse'), crypt), false);
});

test('schemes that are never verified say why, without a word of what is stored', () => {
  for (const stored of refusedVectors) {
    const reading = readStored(stored);
    assert.ok(reading.kind === 'unusable', stored);
    assert.doesNotMatch(reading.reason, /unknown|malformed|scheme is named/, stored);
    assert.ok(!reading.reason.includes(stored.slice(-8)));
  }
  assert.deepEqual(readStored('{NO-SUCH}x'), { kind: 'unusable', reason: 'an unknown scheme' });
});

test('clear text is told apart for importers', () => {
  const clear = (stored: string) => {
    const reading = readStored(stored);
    return reading.kind === 'clear' ? Buffer.from(reading.secret).toString() : reading.kind;
  };
  assert.equal(clear('{PLAIN}p{x}$1$ä'), 'p{x}$1$ä');
  assert.equal(clear('{cleartext}x'), 'x');
  assert.equal(clear('{PLAIN.B64}eMOk'), 'xä');
  assert.equal(clear('{PLAIN.HEX}78C3a4'), 'xä');
  assert.equal(clear('{PLAIN.B64}!!'), 'unusable');
  assert.equal(clear('x'), 'unusable');
});

const salt = 'AAECAwQFBgcICQoLDA0ODw';
const digest = 'JbN2hANm9NOw4h5BRHZnbjzQ6Jr0QwNWojTOC2WgIbU';
const crypt86 = 'A'.repeat(86);

test('V50: what is malformed or asks for too much is refused before anything is computed', () => {
  const hostile = [
    '$2y$15$t6.t0MLst6NZODAR7GgNwewrGCQPRoP1NkUD8UoTOiLUiyVnaQ3i6',
    '$2y$31$t6.t0MLst6NZODAR7GgNwewrGCQPRoP1NkUD8UoTOiLUiyVnaQ3i6',
    '$2y$03$t6.t0MLst6NZODAR7GgNwewrGCQPRoP1NkUD8UoTOiLUiyVnaQ3i6',
    '$2x$05$t6.t0MLst6NZODAR7GgNwewrGCQPRoP1NkUD8UoTOiLUiyVnaQ3i6',
    '{BLF-CRYPT}$6$saltsalt$x',
    '{SHA512-CRYPT}$2y$05$t6.t0MLst6NZODAR7GgNwewrGCQPRoP1NkUD8UoTOiLUiyVnaQ3i6',
    `$scrypt$ln=18,r=8,p=1$${salt}$${digest}`,
    `$scrypt$ln=63,r=8,p=1$${salt}$${digest}`,
    `$scrypt$ln=1,r=999999,p=16$${salt}$${digest}`,
    `$scrypt$ln=17,r=8,p=5$${salt}$${digest}`,
    `$scrypt$ln=4,r=8,p=17$${salt}$${digest}`,
    `$scrypt$ln=14,r=8,p=1$AA$${digest}`,
    '$7$zzzzzzzzzzzsalt$2EiTnl.U1TC2ECvlJsN7p1tWpNhkjMdPPo3e/cT2KJ3',
    '$7$............/salt$2EiTnl.U1TC2ECvlJsN7p1tWpNhkjMdPPo3e/cT2KJ3',
    '{PBKDF2}$1$salt$2000001$d8362197707e0e801e944cf0136f9a9ed9be759f',
    '{PBKDF2}$1$salt$9999999$d8362197707e0e801e944cf0136f9a9ed9be759f',
    '{PBKDF2}$1$$5000$d8362197707e0e801e944cf0136f9a9ed9be759f',
    `{PBKDF2}$1$${'s'.repeat(65)}$5000$d8362197707e0e801e944cf0136f9a9ed9be759f`,
    `{PBKDF2}$pbkdf2-sha256$29000$${salt}$ZvLORN3Wu1.2s6Mb0kBKZ43bylSsC/t0Vz5rE9nJPNg`,
    `$pbkdf2-sha512$29000$${salt}$ZvLORN3Wu1.2s6Mb0kBKZ43bylSsC/t0Vz5rE9nJPNg`,
    `$6$rounds=999999999$salt$${crypt86}`,
    `$6$rounds=1000001$salt$${crypt86}`,
    `$6$rounds=999$salt$${crypt86}`,
    `$6$rounds=05000$salt$${crypt86}`,
    `$6$$${crypt86}`,
    `$6$${'s'.repeat(17)}$${crypt86}`,
    `$5$salt$${crypt86}`,
    `$1$salt$${'A'.repeat(23)}`,
    '{SSHA}L55TUjtiq8FBorTWAZ0jy6g129A=',
    '{SSHA}RzDM6NcvJGuDMsE/6Grcy4k4sMQ5fSI5!',
    '{SSHA.HEX}276b707cd5dc3c25502cb135933486174968c8b51a85237',
    `{SSHA}${Buffer.alloc(20 + 65).toString('base64')}`,
    '{SCRAM-SHA-256}1000001,sUmy8jysfsNcID417QYxHA==,m7egU/skedfCt/CVPcy6wuDwDTQHIcoesgYK4/ZL8Vc=,x8zxj8T023IR62HOXatGDJKce87YHx9Qj6XF4j0CoFE=',
    '{APP}AAAA',
    `{SSHA}${'A'.repeat(100_000)}`,
    '{',
    '{}',
    '$',
    '',
  ];
  const before = process.cpuUsage();
  for (const stored of hostile)
    assert.equal(readStored(stored).kind, 'unusable', stored.slice(0, 90));
  // Of this process alone, however busy the machine is.
  const { user, system } = process.cpuUsage(before);
  assert.ok(user + system < 200_000, `${hostile.length} records took ${user + system} us`);
});

test('property: no stored string makes reading throw, and what is read can be computed', async () => {
  const part = fc.constantFrom(
    ...['$', '{', '}', ',', '=', '1', '5000', 'rounds=1000', 'ln=4,r=8,p=1', '4096', salt, digest],
    ...['$6$', '$1$', '$5$', '$7$', '$2b$04$', '$scrypt$', '$pbkdf2-sha256$', crypt86],
    ...['{SSHA}', '{PBKDF2}$1$', '{CRYPT}', '{APP}', '{SCRAM-SHA-1}', '{PLAIN}', '.HEX}', '\0'],
  );
  const mutated = fc
    .tuple(fc.constantFrom(...vectors), fc.nat(120), fc.string({ maxLength: 2, unit: 'binary' }))
    .map(([{ stored }, at, text]) => stored.slice(0, at) + text + stored.slice(at + 1));
  const stored = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(part, { maxLength: 8 }).map((parts) => parts.join('')),
    mutated,
  );
  let read = 0;
  await fc.assert(
    fc.asyncProperty(stored, async (text) => {
      const reading = readStored(text);
      if (reading.kind !== 'record') return;
      read += 1;
      assert.equal(typeof (await reading.record.verify(bytes('x'), crypt)), 'boolean');
    }),
    { numRuns: 1000, endOnFailure: true },
  );
  assert.ok(read > 20, `the property met ${read} records`);
});

test('openssl agrees about a long secret and short salts', async (t) => {
  const made = (flag: string, text: string) =>
    execFileSync('openssl', ['passwd', flag, '-salt', text, '-stdin'], {
      input: 'a longer secret than any block of these hashes would be, and then some more of it\n',
      encoding: 'utf8',
      timeout: 10_000,
    }).trim();
  try {
    execFileSync('openssl', ['version'], { timeout: 10_000 });
  } catch {
    t.diagnostic('there is no openssl here');
    return;
  }
  const secret = bytes(
    'a longer secret than any block of these hashes would be, and then some more of it',
  );
  for (const flag of ['-1', '-5', '-6']) {
    for (const text of ['a', 'abcdefgh']) {
      const stored = made(flag, text);
      assert.equal(await recordOf(stored).verify(secret, crypt), true, stored);
    }
  }
});

test('hashes of crypt(3) do not hold up the thread that asks', async () => {
  const record = recordOf(`$6$rounds=100000$saltsalt$${crypt86}`);
  let longestMs = 0;
  let last = performance.now();
  const tick = setInterval(() => {
    longestMs = Math.max(longestMs, performance.now() - last);
    last = performance.now();
  }, 5);
  const before = performance.now();
  assert.equal(await record.verify(bytes('x'), crypt), false);
  const elapsedMs = performance.now() - before;
  clearInterval(tick);
  assert.ok(longestMs < elapsedMs / 2, `the loop stood for ${longestMs} of ${elapsedMs} ms`);
});
