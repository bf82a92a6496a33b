import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { Pieces } from '../parameter.ts';
import {
  bindComplete,
  dataRow,
  noData,
  parseComplete,
  readyForQuery,
  rowDescription,
} from '../testing/backend-messages.ts';
import { StatementPipeline } from './statement-pipeline.ts';

const select = { name: 'a', text: 'select 1', values: [], binary: false, lent: false };

function begun() {
  const writes: Buffer[] = [];
  const pipeline = new StatementPipeline((chunks) => writes.push(Buffer.concat(chunks)));
  const heard = (...messages: Buffer[]) => {
    for (const bytes of messages) assert.ok(pipeline.hear(bytes, 0));
  };
  return { writes, pipeline, heard };
}

/** The codes of messages, in their order. */
function codesOf(bytes: Buffer): string {
  let codes = '';
  for (let at = 0; at < bytes.length; at += 1 + bytes.readUInt32BE(at + 1)) {
    codes += String.fromCharCode(bytes[at] ?? 0);
  }
  return codes;
}

test('what is asked in one turn is written at once, parsed once and described until it is known', async () => {
  const { writes, pipeline, heard } = begun();
  const first = pipeline.run(select);
  const second = pipeline.run(select);
  await setImmediate();
  assert.deepEqual(writes.map(codesOf), ['PBDESBDES']);
  heard(parseComplete, bindComplete, rowDescription([23]), dataRow('1'), readyForQuery);
  heard(bindComplete, rowDescription([23]), readyForQuery);
  assert.deepEqual([await first, await second], [[['1']], []]);
  const third = pipeline.run(select);
  await setImmediate();
  assert.equal(codesOf(writes[1] ?? Buffer.alloc(0)), 'BES');
  heard(bindComplete, dataRow('3'), readyForQuery);
  assert.deepEqual(await third, [['3']]);
  assert.equal(pipeline.outstanding, 0);
  assert.equal(pipeline.hear(readyForQuery, 0), false, 'nobody waits for it');
});

test('a refusal is one run’s, and a statement that was not parsed is parsed again', async () => {
  const { writes, pipeline, heard } = begun();
  const refused = pipeline.run(select);
  const other = pipeline.run({ ...select, name: 'b' });
  const error = new Error('refused');
  await setImmediate();
  assert.ok(pipeline.refuse(error));
  await assert.rejects(refused, error);
  heard(readyForQuery, parseComplete, bindComplete, noData, readyForQuery);
  assert.deepEqual(await other, []);
  const again = pipeline.run(select);
  await setImmediate();
  assert.equal(codesOf(writes.at(-1) ?? Buffer.alloc(0)), 'PBDES');
  // Rows behind a refusal are passed over.
  heard(parseComplete, bindComplete, rowDescription([23]), dataRow('1'));
  assert.ok(pipeline.refuse(error));
  await assert.rejects(again, error);
  heard(dataRow('2'), readyForQuery);
  assert.equal(pipeline.outstanding, 0);
  assert.equal(pipeline.refuse(error), false);
});

test('all that are under way hear of a lost connection, once', async () => {
  const { writes, pipeline } = begun();
  const refused = pipeline.run(select);
  const other = pipeline.execute('begin');
  pipeline.refuse(new Error('refused'));
  pipeline.fail(new Error('lost'));
  await assert.rejects(refused, /refused/);
  await assert.rejects(other, /lost/);
  await setImmediate();
  assert.deepEqual(writes, [], 'what was not written is not written any more');
});

test('values arrive as they are: none, text, bytes, bytes in pieces', async () => {
  const chunks: Uint8Array[] = [];
  const pipeline = new StatementPipeline((written) => chunks.push(...written));
  const piece = Buffer.from('pieces');
  const values = [null, 'öl', Buffer.from([0, 1]), new Pieces([piece, Buffer.alloc(0), piece]), ''];
  void pipeline.run({ ...select, name: '', text: '', values });
  await setImmediate();
  const bytes = Buffer.concat(chunks);
  assert.equal(codesOf(bytes), 'PBDES');
  assert.equal(chunks.filter((chunk) => chunk === piece).length, 2, 'pieces are not copied');
  const bind = bytes.subarray(1 + bytes.readUInt32BE(1));
  const formats = Buffer.from([0, 5, 0, 1, 0, 0, 0, 1, 0, 1, 0, 0]);
  const sized = (octets: number, text: string) =>
    Buffer.from(`\0\0\0${String.fromCharCode(octets)}${text}`);
  const expected = Buffer.concat([
    ...[Buffer.from('\0\0'), formats, Buffer.from([0, 5, 255, 255, 255, 255])],
    ...[sized(3, 'öl'), sized(2, '\0\u0001'), sized(12, 'piecespieces'), sized(0, '')],
    Buffer.from([0, 1, 0, 0]),
  ]);
  assert.deepEqual(bind.subarray(5, 5 + expected.length), expected);
});
