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
    // Views hold until this returns: who keeps one copies it, as the link does.
    message: (framed) => seen.messages.push(structuredMessage(framed)),
    copyBytes: (bytes) => seen.copied.push(Buffer.from(bytes)),
  });
  return { seen, framer };
}

function structuredMessage(framed: FramedMessage): FramedMessage {
  if (framed.name !== 'dataRow' || !('fields' in framed)) return framed;
  const fields = framed.fields.map((field) =>
    Buffer.isBuffer(field) ? Buffer.from(field) : field,
  );
  return { ...framed, fields };
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

test('large values come whole out of many reads, and small ones after them', () => {
  const large = Buffer.alloc(700_000, 'large');
  const { seen, framer } = collect();
  const stream = [
    rowDescription(),
    dataRow('one', Buffer.from('small')),
    dataRow('two', large),
    dataRow('three', Buffer.from('small again')),
  ];
  const bytes = Buffer.concat(stream);
  feed(
    framer,
    bytes,
    Array.from({ length: 40 }, (_, nth) => nth * 17_001),
  );
  const rows = seen.messages.filter((framed) => framed.name === 'dataRow');
  assert.deepEqual(
    rows.map((row) => ('fields' in row ? row.fields : null)),
    [
      ['one', Buffer.from('small')],
      ['two', large],
      ['three', Buffer.from('small again')],
    ],
  );
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
