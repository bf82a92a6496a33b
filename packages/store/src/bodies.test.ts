import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { giveBack } from './connection/lent-memory.ts';
import type { BodyStream, MailboxId } from './contract.ts';
import { readBodiesAloneMin, readBodiesMax, sliceOctetsMax, streamBufferOctets } from './limits.ts';
import { type MailFixture, mailFixture } from './testing/mail-fixture.ts';

let mail: MailFixture;
let mailboxId: MailboxId;

before(async () => {
  mail = await mailFixture({ streamConnectionsMax: 2 });
  mailboxId = await mail.addMailbox();
});
after(() => mail.end());

/** Delivers these very bytes and answers the message's id. */
async function put(pieces: readonly Uint8Array[]): Promise<bigint> {
  const octets = pieces.reduce((sum, piece) => sum + piece.byteLength, 0);
  const deliveries = [{ mailboxId, prefix: new Uint8Array(0) }];
  await mail.store.deliver({ deliveries, pieces, octets, headerOctets: 0 });
  const [row] = await mail.database.query(
    'select max(message_id) as id from message where mailbox_id = $1',
    [mailboxId],
  );
  return BigInt(String(row?.id));
}

async function drain(stream: BodyStream): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for (let chunk = await stream.read(); chunk !== null; chunk = await stream.read()) {
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

test('random bytes of any size come back byte for byte, whole, sliced and streamed', async () => {
  const sizes = [0, 1, 127, 1_995, 1_997, 8_100, 8_200, 65_536, 131_072, 131_073, 3_000_000];
  for (const size of sizes) {
    const body = randomBytes(size);
    const id = await put([body]);
    const [whole] = await mail.store.readBodies(mailboxId, [id]);
    assert.ok(whole && body.equals(whole), `whole, ${size} octets`);
    const stream = await mail.store.streamBody(mailboxId, id, 0);
    assert.ok(body.equals(await drain(stream)), `streamed, ${size} octets`);
    const slices: Uint8Array[] = [];
    for (let offset = 0; offset < size; offset += 400_000) {
      const slice = await mail.store.readSlice(mailboxId, id, { offset, octets: 400_000 });
      assert.ok(slice);
      slices.push(slice);
    }
    assert.ok(body.equals(Buffer.concat(slices)), `sliced, ${size} octets`);
  }
});

test('a message in any pieces is stored as their sum, and any rest of it can be had', async () => {
  const pieces = fc.array(fc.uint8Array({ maxLength: 3_000 }), { maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(pieces, fc.double({ min: 0, max: 1, noNaN: true }), async (given, part) => {
      const whole = Buffer.concat(given);
      const id = await put(given);
      const offset = Math.floor(whole.length * part);
      const stream = await mail.store.streamBody(mailboxId, id, offset);
      assert.deepEqual(await drain(stream), whole.subarray(offset));
      const slice = await mail.store.readSlice(mailboxId, id, { offset, octets: 100 });
      assert.deepEqual(slice, whole.subarray(offset, offset + 100));
    }),
    { numRuns: 40 },
  );
});

test('bodies come in the order asked, with null for what is gone', async () => {
  const ids: bigint[] = [];
  for (const text of ['one', 'two', 'three']) ids.push(await put([Buffer.from(text)]));
  const [one = 0n, two = 0n, three = 0n] = ids;
  const asked = [three, 999_999n, one, two, one];
  const bodies = await mail.store.readBodies(mailboxId, asked);
  const texts = bodies.map((body) => body && Buffer.from(body).toString());
  assert.deepEqual(texts, ['three', null, 'one', 'two', 'one']);
  const stranger = await mail.addMailbox();
  assert.deepEqual(await mail.store.readBodies(stranger, [one]), [null]);
  assert.deepEqual(await mail.store.readBodies(mailboxId, []), []);
});

test('many bodies asked for at once come in the order asked, also beside those of others', async () => {
  const bodies = new Map<bigint, Buffer>();
  // More than 8 KB does not stay in its row.
  for (let nth = 0; nth < 2 * readBodiesAloneMin; nth += 1) {
    const body = randomBytes(nth % 2 === 0 ? 100 + nth : 9_000 + nth);
    bodies.set(await put([body]), body);
  }
  const ids = [...bodies.keys()];
  const asked = [
    ids,
    ids.toReversed(),
    [...ids, ...ids],
    ids.toSpliced(3, 0, 1_000_000_000n),
    ids.slice(0, 2),
    ids.slice(0, readBodiesAloneMin),
  ];
  const all = [...asked, ...asked].map(async (some) => {
    const found = await mail.store.readBodies(mailboxId, some);
    for (const [at, id] of some.entries()) {
      const body = bodies.get(id);
      assert.ok(
        body === undefined ? found[at] === null : body.equals(found[at] ?? Buffer.alloc(0)),
      );
    }
    // What two callers had would come back twice, and throw.
    for (const body of found) if (body !== null && body !== undefined) giveBack(body);
  });
  await Promise.all(all);
});

test('bodies asked for by many at once reach their askers', async () => {
  const ids: bigint[] = [];
  for (let nth = 0; nth < 20; nth += 1) ids.push(await put([Buffer.from(`body ${nth}`)]));
  await Promise.all(
    Array.from({ length: 200 }, async (_, asker) => {
      const nth = asker % 20;
      const asked = [ids[nth] ?? 0n, ids[(nth + 7) % 20] ?? 0n];
      const bodies = await mail.store.readBodies(mailboxId, asked);
      const texts = bodies.map((body) => body && Buffer.from(body).toString());
      assert.deepEqual(texts, [`body ${nth}`, `body ${(nth + 7) % 20}`]);
    }),
  );
});

test('what is gone is told, and is not an empty message', async () => {
  const empty = await put([]);
  assert.equal(await mail.store.readSlice(mailboxId, 999_999n, { offset: 0, octets: 9 }), null);
  assert.deepEqual(
    await mail.store.readSlice(mailboxId, empty, { offset: 5, octets: 9 }),
    Buffer.alloc(0),
  );
  assert.equal(await (await mail.store.streamBody(mailboxId, empty, 0)).read(), null);
  const gone = await mail.store.streamBody(mailboxId, 999_999n, 0);
  await assert.rejects(gone.read(), { code: 'MESSAGE_GONE' });
  await assert.rejects(gone.read(), { code: 'MESSAGE_GONE' });
  gone.cancel();
});

test('arguments beyond the bounds are refused', async () => {
  const tooMany = Array.from({ length: readBodiesMax + 1 }, () => 1n);
  await assert.rejects(mail.store.readBodies(mailboxId, tooMany), { code: 'INVALID' });
  const slice = { offset: 0, octets: sliceOctetsMax + 1 };
  await assert.rejects(mail.store.readSlice(mailboxId, 1n, slice), { code: 'INVALID' });
  for (const offset of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
    const stream = mail.store.streamBody(mailboxId, 1n, offset).then((made) => made.read());
    await assert.rejects(stream, { code: 'INVALID' });
  }
  const injected = '1; drop table message' as MailboxId;
  const stream = mail.store.streamBody(injected, 1n, 0).then((made) => made.read());
  await assert.rejects(stream, { code: 'INVALID' });
});

test('100 MB go in and out whole, and a reader that waits holds PostgreSQL back', async () => {
  const piece = randomBytes(1024 * 1024);
  const id = await put(Array.from({ length: 100 }, () => piece));
  const expected = createHash('sha256');
  for (let nth = 0; nth < 100; nth += 1) expected.update(piece);
  const stream = await mail.store.streamBody(mailboxId, id, 0);
  const first = await stream.read();
  assert.ok(first);
  await new Promise((resolve) => setTimeout(resolve, 200));
  const buffered = await mail.database.query(
    `select wait_event from pg_stat_activity where datname = current_database() and query like 'copy (select%' and state = 'active'`,
  );
  assert.deepEqual(buffered, [{ wait_event: 'ClientWrite' }]);
  const actual = createHash('sha256').update(first);
  let octets = first.length;
  let largest = 0;
  for (let chunk = await stream.read(); chunk !== null; chunk = await stream.read()) {
    actual.update(chunk);
    octets += chunk.length;
    largest = Math.max(largest, chunk.length);
  }
  assert.equal(octets, 100 * 1024 * 1024);
  assert.ok(largest < streamBufferOctets);
  assert.equal(actual.digest('hex'), expected.digest('hex'));
});

test('a cancelled stream gives its connection back at once', async () => {
  const id = await put([randomBytes(3_000_000)]);
  for (let round = 0; round < 6; round += 1) {
    // Two connections: a third stream could not begin if a cancelled one kept its own.
    const streams = await Promise.all([0, 1].map(() => mail.store.streamBody(mailboxId, id, 0)));
    await Promise.all(streams.map((stream) => stream.read()));
    for (const stream of streams) {
      stream.cancel();
      stream.cancel();
      await assert.rejects(stream.read(), { code: 'INVALID' });
    }
  }
  const whole = await drain(await mail.store.streamBody(mailboxId, id, 0));
  assert.equal(whole.length, 3_000_000);
});

test('a server process that dies in the middle breaks the stream, with an error', async () => {
  const id = await put([randomBytes(3_000_000)]);
  const stream = await mail.store.streamBody(mailboxId, id, 0);
  await stream.read();
  await mail.database.query(
    "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and query like 'copy (select%' and state = 'active'",
  );
  await assert.rejects(drain(stream), { code: 'STORE_UNAVAILABLE' });
  assert.equal((await drain(await mail.store.streamBody(mailboxId, id, 0))).length, 3_000_000);
});

test('a stream that ends while its reader waits gives back a connection that is read on', async () => {
  // The read that fills the buffer brings the end, too: which sizes do so depends on the reads.
  for (let more = 0; more < 32; more += 1) {
    const octets = streamBufferOctets + more * 2_048;
    const id = await put([randomBytes(octets)]);
    const streams = await Promise.all([0, 1].map(() => mail.store.streamBody(mailboxId, id, 0)));
    await new Promise((resolve) => setTimeout(resolve, 20));
    for (const stream of streams) stream.cancel();
    const next = drain(await mail.store.streamBody(mailboxId, id, 0));
    const pause = new Promise((resolve) => setTimeout(resolve, 2_000, null));
    const whole = await Promise.race([next, pause]);
    assert.ok(whole instanceof Buffer, `nothing came behind a stream of ${octets} octets`);
    assert.equal(whole.length, octets);
  }
});
