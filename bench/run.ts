/**
 * `npm run bench`: starts PostgreSQL and a node, fills maildrops, runs each workload with a load
 * generator in a process of its own, and prints what an operation costs: CPU time of the node with
 * all its threads plus all of PostgreSQL.
 *
 * Usage: node bench/run.ts [--quick] [--only NAME]... [--out FILE] [--profile DIR]
 * With --profile every thread of the node leaves a V8 CPU profile in DIR.
 *
 * Never: a claim about another server or another machine; a figure that was not just measured.
 */

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { migrate } from '@poplar/store';
import { startServer } from '@poplar/store/testing';
import { startNode } from '@poplar/test/start-node';
import { fill, password } from './corpus.ts';
import { cpuSeconds } from './cpu.ts';
import type { LoadOrder, LoadResult } from './load.ts';
import { type Measured, table } from './report.ts';
import { type Workload, workloads } from './workloads.ts';

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true },
    out: { type: 'string' },
    profile: { type: 'string' },
  },
});
const seconds = values.quick ? 2 : 8;
const rounds = values.quick ? 1 : 3;
const load = fileURLToPath(new URL('./load.ts', import.meta.url));

async function generate(order: LoadOrder): Promise<LoadResult> {
  const child = spawn(process.execPath, [load, JSON.stringify(order)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.on('data', (bytes: Buffer) => {
    text += bytes.toString();
  });
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`the load generator ended with ${code}`);
  return JSON.parse(text);
}

interface Servers {
  readonly databaseUrl: string;
  readonly port: number;
  /** Process ids whose trees are the server. */
  readonly roots: readonly number[];
}

async function measure(workload: Workload, servers: Servers): Promise<Measured[]> {
  const users = await fill(servers.databaseUrl, workload);
  const { connections, commands, messages, pipelined } = workload;
  const order = { ...servers, users, password, connections, commands, messages, pipelined };
  await generate({ ...order, seconds: 1 });
  const measured: Measured[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const before = cpuSeconds(servers.roots);
    const result = await generate({ ...order, seconds });
    const cpu = cpuSeconds(servers.roots) - before;
    measured.push({ workload, result, serverCpuSeconds: cpu });
  }
  return measured;
}

const command = ['npm run bench --', ...process.argv.slice(2)].join(' ').replace(/ --$/, '');

function commit(): string {
  const { stdout } = spawnSync('git', ['describe', '--always', '--dirty'], {
    cwd: import.meta.dirname,
    encoding: 'utf8',
  });
  return stdout?.trim() || 'unknown';
}

const environment: Record<string, string> =
  values.profile === undefined
    ? {}
    : { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${values.profile}` };
const postgres = await startServer();
try {
  await migrate(postgres.url);
  const node = await startNode({ databaseUrl: postgres.url, environment });
  try {
    const servers = {
      databaseUrl: postgres.url,
      port: node.pop3,
      roots: [node.pid, postgres.pid()],
    };
    const all: Measured[] = [];
    for (const workload of workloads) {
      if (values.only !== undefined && !values.only.includes(workload.name)) continue;
      process.stderr.write(`${workload.name} ...\n`);
      all.push(...(await measure(workload, servers)));
    }
    const machine = `${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}, Node ${process.version}`;
    const text = table(all, { date: new Date(), commit: commit(), command, machine });
    process.stdout.write(text);
    if (values.out !== undefined) writeFileSync(values.out, text);
  } finally {
    await node.stop();
  }
} finally {
  await postgres.stop();
}
