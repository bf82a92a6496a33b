import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { MetricSet } from '../metrics/metric-set.ts';
import { noTracer, openTracer, type Span } from './tracer.ts';

let collector: Server;
let url: string;
/** What came, and how it is answered. */
const seen: { path: string | undefined; body: unknown }[] = [];
let status = 200;

before(async () => {
  collector = createServer(async (request, response) => {
    seen.push({ path: request.url, body: await json(request) });
    response.writeHead(status).end('{}');
  }).listen(0, '127.0.0.1');
  await once(collector, 'listening');
  url = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`;
});
after(() => {
  collector.closeAllConnections();
  collector.close();
});

const span: Span = {
  ...{ name: 'lmtp.deliver', id: 'abc', isWhole: true, isFailed: false },
  ...{ startedAtMs: 1_000, endedAtMs: 1_002.5 },
  attributes: { recipients: 2, share: 0.5, isLate: false, outcome: 'delivered', nothing: null },
};

function counted(metrics: MetricSet): number[] {
  return [...metrics.snapshot()].filter((number) => number !== 0);
}

test('without a URL there is no tracer at all', async () => {
  const metrics = new MetricSet();
  const off = await openTracer({ url: null, nodeName: 'n1', role: 'pop3', metrics });
  assert.equal(off, noTracer);
  assert.equal(off.isOn, false);
});

test('spans of one id are one trace, the others below the whole, in OTLP as JSON', async () => {
  const metrics = new MetricSet();
  const tracer = await openTracer({ url, nodeName: 'n1', role: 'pop3', metrics });
  tracer.record({ ...span, name: 'part', isWhole: false, isFailed: true });
  tracer.record(span);
  await tracer.end();
  assert.equal(seen.length, 1);
  const [{ path, body } = { path: '', body: null }] = seen.splice(0);
  assert.equal(path, '/v1/traces');
  const text = JSON.stringify(body);
  const ids = [...text.matchAll(/"traceId":"([0-9a-f]{32})","spanId":"([0-9a-f]{16})"/g)];
  assert.equal(ids.length, 2);
  assert.equal(ids[0]?.[1], ids[1]?.[1], 'one trace');
  const parents = [...text.matchAll(/"parentSpanId":"([0-9a-f]{16})"/g)].map(([, id]) => id);
  assert.deepEqual(parents, [ids[1]?.[2]]);
  const [, began = '', ended = ''] =
    /"startTimeUnixNano":"(\d{19})","endTimeUnixNano":"(\d{19})"/.exec(text) ?? [];
  assert.equal(BigInt(ended) - BigInt(began), 2_500_000n);
  for (const attribute of [
    '{"key":"recipients","value":{"intValue":"2"}}',
    '{"key":"share","value":{"doubleValue":0.5}}',
    '{"key":"isLate","value":{"boolValue":false}}',
    '{"key":"outcome","value":{"stringValue":"delivered"}}',
    '{"key":"service.instance.id","value":{"stringValue":"n1"}}',
  ]) {
    assert.ok(text.includes(attribute), attribute);
  }
  assert.doesNotMatch(text, /nothing/);
  assert.deepEqual(counted(metrics), [2], 'sent');
});

test('more than there is room for is lost and counted, and so is what nobody takes', async () => {
  const metrics = new MetricSet();
  status = 503;
  const tracer = await openTracer({ url, nodeName: 'n1', role: 'pop3', metrics });
  for (let spans = 0; spans < 5_000; spans += 1) tracer.record(span);
  assert.deepEqual(counted(metrics), [5_000 - 4_096]);
  await tracer.end();
  assert.deepEqual(counted(metrics), [5_000 - 4_096 + 2 * 512]);
  status = 200;
  seen.length = 0;
});
