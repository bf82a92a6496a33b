import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { dataRow, message, readyForQuery, rowDescription } from '../testing/backend-messages.ts';
import { BackendFramer } from './backend-framer.ts';
import { StatementPipeline } from './statement-pipeline.ts';

const binaryRows = {
  ...{ name: 'two_columns', text: 'select', values: [] },
  ...{ binary: true, lent: false },
};

/** A framer in front of a pipeline that waits for the answers to so many runs. */
function collect(runs = 1) {
  const copied: Buffer[] = [];
  const others: string[] = [];
  const pipeline = new StatementPipeline(() => {});
  const answers = Array.from({ length: runs }, () => pipeline.run(binaryRows));
  const framer = new BackendFramer({
    frame: (bytes, at) => pipeline.hear(bytes, at),
    message: ({ name }) => others.push(name),
    copyBytes: (bytes) => copied.push(Buffer.from(bytes)),
  });
  return { copied, others, answers, framer };
}

const readBuffer = Buffer.alloc(1024 * 1024);

/** Feeds the bytes in pieces that all lie in the same memory, as the reads of a socket do. */
function feed(framer: BackendFramer, bytes: Buffer, cuts: readonly number[]): void {
  const points = [...cuts.map((cut) => cut % bytes.length), bytes.length].sort((a, b) => a - b);
  let at = 0;
  for (const point of points) {
    bytes.copy(readBuffer, 0, at, point);
    framer.receive(readBuffer.subarray(0, point - at));
    readBuffer.fill(0xff, 0, point - at);
    at = point;
  }
}

test('binary values survive any cut of the stream', async () => {
  const rows = fc.array(fc.tuple(fc.string(), fc.uint8Array({ maxLength: 300 })), { maxLength: 6 });
  const property = fc.asyncProperty(
    rows,
    fc.array(fc.nat(), { maxLength: 12 }),
    async (values, cuts) => {
      const { others, answers, framer } = collect();
      const stream = [rowDescription(), ...values.map((row) => dataRow(...row)), readyForQuery];
      feed(framer, Buffer.concat([...stream, readyForQuery]), cuts);
      assert.deepEqual(
        await answers[0],
        values.map(([text, bytes]) => [Buffer.from(text), Buffer.from(bytes)]),
      );
      assert.deepEqual(others, ['readyForQuery'], 'what nobody waits for is passed on');
    },
  );
  await fc.assert(property);
});

test('large values come whole out of many reads, and small ones after them', async () => {
  const large = Buffer.alloc(700_000, 'large');
  const { answers, framer } = collect();
  const stream = [
    rowDescription(),
    dataRow('one', Buffer.from('small')),
    dataRow('two', large),
    dataRow('three', Buffer.from('small again')),
    readyForQuery,
  ];
  const cuts = Array.from({ length: 40 }, (_, nth) => nth * 17_001);
  feed(framer, Buffer.concat(stream), cuts);
  assert.deepEqual(await answers[0], [
    [Buffer.from('one'), Buffer.from('small')],
    [Buffer.from('two'), large],
    [Buffer.from('three'), Buffer.from('small again')],
  ]);
});

test('null fields and empty ones differ', async () => {
  const { answers, framer } = collect();
  const nulls = message('D', Buffer.from([0, 2, 255, 255, 255, 255, 0, 0, 0, 0]));
  framer.receive(Buffer.concat([rowDescription(), nulls, readyForQuery]));
  assert.deepEqual(await answers[0], [[null, Buffer.alloc(0)]]);
});

test('COPY bytes are passed on at every cut and never collected', () => {
  const bytes = Buffer.from('0123456789');
  const stream = Buffer.concat([
    message('d', bytes),
    message('d', bytes),
    message('c', Buffer.alloc(0)),
  ]);
  for (let cut = 0; cut <= stream.length; cut += 1) {
    const { copied, others, framer } = collect(0);
    framer.receive(stream.subarray(0, cut));
    const arrived = Math.max(0, Math.min(cut, 15) - 5) + Math.max(0, Math.min(cut, 30) - 20);
    assert.equal(Buffer.concat(copied).length, arrived, `cut at ${cut}`);
    framer.receive(stream.subarray(cut));
    assert.equal(Buffer.concat(copied).toString(), '01234567890123456789');
    assert.deepEqual(others, ['copyDone']);
  }
});
