/**
 * How long mailboxes take that come in one bulk request, without passwords: the hash of each would be the cost. The
 * node and its embedded PostgreSQL have default settings.
 *
 * Usage: node bench/bulk.ts [--rows 50000]
 *
 * Never: a claim about another machine; an address outside the loopback range.
 */

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { type RunningNode, startNode } from '@poplar/test/start-node';
import { cpuSeconds } from './cpu.ts';

const { values } = parseArgs({ options: { rows: { type: 'string', default: '50000' } } });
const rows = Number(values.rows);
const rowsOfPiece = 500;
const tellsEveryRows = 100_000;
const withinMs = 3_600_000;

function post(node: RunningNode, path: string, type: string) {
  const token = readFileSync(join(node.dataDir, 'admin-token'), 'utf8').trim();
  return request({
    ...{ host: '127.0.0.1', port: node.admin, method: 'POST', path: `/api/v1${path}` },
    headers: { authorization: `Bearer ${token}`, 'content-type': type },
    signal: AbortSignal.timeout(withinMs),
  });
}

async function addDomain(node: RunningNode): Promise<void> {
  const sent = post(node, '/domains', 'application/json');
  sent.end('{"domain":"bulk.example"}');
  const [response] = await once(sent, 'response');
  if (response.statusCode !== 201) throw new Error(`the domain: status ${response.statusCode}`);
  response.resume();
}

/** What the last line says. */
async function addAll(node: RunningNode): Promise<string> {
  const sent = post(node, '/mailboxes/bulk', 'application/x-ndjson');
  const answered = once(sent, 'response');
  const sending = (async () => {
    for (let from = 0; from < rows; from += rowsOfPiece) {
      const count = Math.min(rowsOfPiece, rows - from);
      const lines = Array.from(
        { length: count },
        (_, nth) => `{"address":"box${from + nth}@bulk.example"}\n`,
      );
      if (!sent.write(lines.join(''))) await once(sent, 'drain');
    }
    sent.end();
  })();
  const [response] = await answered;
  const begunAtMs = performance.now();
  let told = 0;
  let last = '';
  for await (const line of createInterface({ input: response })) {
    last = line;
    told += 1;
    if (told % tellsEveryRows === 0) {
      const seconds = ((performance.now() - begunAtMs) / 1_000).toFixed(1);
      process.stdout.write(`${told} after ${seconds} s\n`);
    }
  }
  await sending;
  return last;
}

const node = await startNode({
  databaseUrl: '',
  environment: { POPLAR_ROLES: 'pop3,maildrop,admin', POPLAR_LISTEN_ADMIN: '127.0.0.1:0' },
});
try {
  await addDomain(node);
  const cpuBefore = cpuSeconds([node.pid]);
  const begunAtMs = performance.now();
  const last = await addAll(node);
  const cpuMs = ((cpuSeconds([node.pid]) - cpuBefore) * 1_000) / rows;
  const seconds = (performance.now() - begunAtMs) / 1_000;
  const rate = Math.round(rows / seconds);
  const load = loadavg()[0]?.toFixed(1);
  const cost = `${rate} a second, ${cpuMs.toFixed(2)} ms of a processor each (load ${load})`;
  process.stdout.write(`${rows} rows in ${seconds.toFixed(1)} s: ${cost}; ${last}\n`);
} finally {
  await node.stop();
}
