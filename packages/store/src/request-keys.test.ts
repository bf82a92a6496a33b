/** Keys of requests: claimed once, whoever asks and how many at once; what becomes of them is told. */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';
import { requestKeysPerActorMax } from './limits.ts';
import type { RequestKeys } from './request-keys.ts';
import { type MailFixture, mailFixture } from './testing/mail-fixture.ts';

let mail: MailFixture;
let keys: RequestKeys;

before(async () => {
  mail = await mailFixture();
  keys = mail.store.administration.requestKeys;
});
after(() => mail.end());

const sha = (text: string): Uint8Array => createHash('sha256').update(text).digest();
const asked = (key: string, request = 'a', actor = 'root') => ({
  ...{ digest: sha(key), fingerprint: sha(request), actor },
});

async function rows(key: string): Promise<Record<string, unknown>[]> {
  return mail.database.query('select state, status, answer from request_key where digest = $1', [
    Buffer.from(sha(key)),
  ]);
}

test('of many at once one has it, and the others are told so', async () => {
  const claims = await Promise.all(Array.from({ length: 12 }, () => keys.claim(asked('many'))));
  const states = claims.map(({ state }) => state).sort();
  assert.deepEqual(states, [...Array(11).fill('busy'), 'claimed']);
  assert.deepEqual(await rows('many'), [{ state: 'claimed', status: null, answer: null }]);
});

test('what was answered is told to the same request, and that it was another one to others', async () => {
  await keys.claim(asked('told'));
  const answered = { status: 201, answer: '{"a":1}' };
  assert.equal(await keys.settle({ digest: sha('told'), answered }), true);
  const again = { state: 'answered', isSame: true, ...answered };
  assert.deepEqual(await keys.claim(asked('told')), again);
  assert.equal((await keys.claim(asked('told', 'b'))).isSame, false);
  assert.equal(await keys.settle({ digest: sha('told'), answered: null }), false);
  assert.equal(await keys.release(sha('told')), false);
  assert.deepEqual(await keys.claim(asked('told')), again);
});

test('one that is given back is had by the next, one of an unknown end by nobody', async () => {
  await keys.claim(asked('back'));
  assert.equal(await keys.release(sha('back')), true);
  assert.deepEqual(await rows('back'), []);
  assert.equal((await keys.claim(asked('back', 'b'))).state, 'claimed');
  assert.equal(await keys.settle({ digest: sha('back'), answered: null }), true);
  assert.equal((await keys.claim(asked('back', 'b'))).state, 'unknown');
});

test('a claim that is neither settled nor given back in its time is unknown, and settled late is told', async () => {
  await keys.claim(asked('late'));
  await mail.database.query('update request_key set claimed_until = now() where digest = $1', [
    Buffer.from(sha('late')),
  ]);
  assert.equal((await keys.claim(asked('late'))).state, 'unknown');
  await keys.settle({ digest: sha('late'), answered: { status: 201, answer: '' } });
  assert.equal((await keys.claim(asked('late'))).state, 'answered');
});

test('a day later it is new, whether it was forgotten or not', async () => {
  for (const key of ['kept', 'forgotten']) {
    await keys.claim(asked(key));
    await keys.settle({ digest: sha(key), answered: { status: 201, answer: 'x' } });
    await mail.database.query('update request_key set expires_at = now() where digest = $1', [
      Buffer.from(sha(key)),
    ]);
    if (key === 'forgotten') assert.equal(await keys.forget(), 1);
    assert.equal((await keys.claim(asked(key, 'b'))).state, 'claimed', key);
    assert.deepEqual(await rows(key), [{ state: 'claimed', status: null, answer: null }]);
  }
  assert.equal(await keys.forget(), 0, 'what is not over stays');
});

test('an actor has as many as the bound says, and others are not in its way', async () => {
  await mail.database.query(
    `insert into request_key (digest, actor, fingerprint, claimed_until, expires_at)
     select sha256(n::text::bytea), 'busy', sha256(''), now(), now() + interval '1 hour'
     from generate_series(1, ${requestKeysPerActorMax}) n`,
  );
  assert.equal((await keys.claim(asked('one more', 'a', 'busy'))).state, 'full');
  assert.equal(
    (await keys.claim(asked('7', 'a', 'busy'))).state,
    'unknown',
    'what is known is told',
  );
  assert.equal((await keys.claim(asked('of another', 'a', 'idle'))).state, 'claimed');
  await mail.database.query("update request_key set expires_at = now() where digest = sha256('7')");
  assert.equal((await keys.claim(asked('one more', 'a', 'busy'))).state, 'claimed');
});
