import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BackendFramer, type FramedMessage } from './backend-framer.ts';

function message(code: string, body: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.write(code, 0, 'latin1');
  head.writeUInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

/** Two columns, the second one binary. */
function rowDescription(): Buffer {
  const column = (name: string, format: number) => {
    const rest = Buffer.alloc(18);
    rest.writeInt16BE(format, 16);
    return Buffer.concat([Buffer.from(`${name}\0`), rest]);
  };
  return message('T', Buffer.concat([Buffer.from([0, 2]), column('a', 0), column('b', 1)]));
}

function dataRow(text: string, bytes: Uint8Array): Buffer {
  const length = (octets: number) => {
    const field = Buffer.alloc(4);
    field.writeInt32BE(octets);
    return field;
  };
  const encoded = Buffer.from(text);
  const parts = [Buffer.from([0, 2]), length(encoded.length), encoded, length(bytes.length), bytes];
  return message('D', Buffer.concat(parts));
}

function collect() {
  const seen: { messages: FramedMessage[]; copied: Buffer[] } = { messages: [], copied: [] };
  const framer = new BackendFramer({
    message: (framed) => seen.messages.push(framed),
    copyBytes: (bytes) => seen.copied.push(Buffer.from(bytes)),
  });
  return { seen, framer };
}

/** Feeds the bytes in pieces whose memory is overwritten afterwards, as a socket may do. */
function feed(framer: BackendFramer, bytes: Buffer, cuts: readonly number[]): void {
  const points = [...cuts.map((cut) => cut % bytes.length), bytes.length].sort((a, b) => a - b);
  let at = 0;
  for (const point of points) {
    framer.receive(Buffer.from(bytes.subarray(at, point)));
    at = point;
  }
}

test('binary values survive any cut of the stream', () => {
  const rows = fc.array(fc.tuple(fc.string(), fc.uint8Array({ maxLength: 300 })), { maxLength: 6 });
  fc.assert(
    fc.property(rows, fc.array(fc.nat(), { maxLength: 12 }), (values, cuts) => {
      const { seen, framer } = collect();
      const stream = [rowDescription(), ...values.map(([text, bytes]) => dataRow(text, bytes))];
      feed(framer, Buffer.concat([...stream, message('Z', Buffer.from('I'))]), cuts);
      const decoded = seen.messages.filter((framed) => framed.name === 'dataRow');
      assert.deepEqual(
        decoded.map((framed) => ('fields' in framed ? framed.fields : null)),
        values.map(([text, bytes]) => [text, Buffer.from(bytes)]),
      );
      assert.equal(seen.messages.at(-1)?.name, 'readyForQuery');
    }),
  );
});

test('a value of a whole chunk does not share its memory', () => {
  const { seen, framer } = collect();
  const chunk = Buffer.concat([rowDescription(), dataRow('t', Buffer.from([1, 2, 3]))]);
  framer.receive(chunk);
  chunk.fill(0xff);
  const row = seen.messages.at(-1);
  assert.ok(row !== undefined && 'fields' in row);
  assert.deepEqual(row.fields, ['t', Buffer.from([1, 2, 3])]);
});

test('null fields and empty ones differ', () => {
  const { seen, framer } = collect();
  const nulls = message('D', Buffer.from([0, 2, 255, 255, 255, 255, 0, 0, 0, 0]));
  framer.receive(Buffer.concat([rowDescription(), nulls]));
  const row = seen.messages.at(-1);
  assert.ok(row !== undefined && 'fields' in row);
  assert.deepEqual(row.fields, [null, Buffer.alloc(0)]);
});

test('COPY bytes are passed on at every cut and never collected', () => {
  const bytes = Buffer.from('0123456789');
  const stream = Buffer.concat([
    message('d', bytes),
    message('d', bytes),
    message('c', Buffer.alloc(0)),
  ]);
  for (let cut = 0; cut <= stream.length; cut += 1) {
    const { seen, framer } = collect();
    framer.receive(stream.subarray(0, cut));
    const arrived = Math.max(0, Math.min(cut, 15) - 5) + Math.max(0, Math.min(cut, 30) - 20);
    assert.equal(Buffer.concat(seen.copied).length, arrived, `cut at ${cut}`);
    framer.receive(stream.subarray(cut));
    assert.equal(Buffer.concat(seen.copied).toString(), '01234567890123456789');
    assert.deepEqual(
      seen.messages.map((framed) => framed.name),
      ['copyDone'],
    );
  }
});
