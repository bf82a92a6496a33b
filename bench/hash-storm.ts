/**
 * What users who poll feel of a storm of wrong passwords: 1,000 a second from addresses that are all
 * new, so that nothing but the hash queue holds them back, against a node of two workers. Once calm and
 * once in the storm.
 *
 * Usage: node bench/hash-storm.ts [--seconds 20] [--rate 1000] [--out FILE] [--profile DIR]
 *
 * Never: a claim about another machine; an address outside the loopback range.
 */

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { hashPassword } from '@poplar/identity';
import { migrate, openStore } from '@poplar/store';
import { startServer } from '@poplar/store/testing';
import { type RunningNode, startNode } from '@poplar/test/start-node';
import { domain } from './corpus.ts';
import { cpuSeconds } from './cpu.ts';
import type { StormOrder, StormResult } from './storm-load.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '20' },
    rate: { type: 'string', default: '1000' },
    workers: { type: 'string', default: '2' },
    out: { type: 'string' },
    profile: { type: 'string' },
  },
});
const seconds = Number(values.seconds);
const rate = Number(values.rate);
const users = 20;
const pauseMs = 200;
const password = 'measured';
/** As many as an address has for free. */
const guessesOfAddress = 8;
const load = fileURLToPath(new URL('./storm-load.ts', import.meta.url));

async function addUsers(databaseUrl: string): Promise<string[]> {
  const store = openStore({ databaseUrl });
  try {
    const secret = await hashPassword(new TextEncoder().encode(password));
    await store.directory.addDomain({ name: domain });
    const names = Array.from({ length: users }, (_, i) => `storm-${i}@${domain}`);
    for (const address of names) await store.directory.addMailbox({ address, secret });
    return names;
  } finally {
    await store.end();
  }
}

async function run(order: StormOrder): Promise<StormResult> {
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

/** Attempts that were hashed and wrong, so far. */
async function hashed(node: RunningNode): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${node.ops}/metrics`)).text();
  const line = /^poplar_login_reasons_total\{reason="unknown-name"\} (\S+)$/m.exec(text);
  return Number(line?.[1] ?? 0);
}

interface Felt {
  readonly name: string;
  readonly users: StormResult;
  readonly guessers: StormResult | null;
  readonly hashesPerSecond: number;
  readonly serverCpu: number;
}

async function measure(node: RunningNode, roots: readonly number[], names: readonly string[]) {
  const common = { port: node.pop3, seconds, rate, guessesOfAddress, users: names };
  const order = { ...common, password, pauseMs };
  await run({ ...order, role: 'users', seconds: 2 });
  const felt: Felt[] = [];
  for (const name of ['calm', 'storm']) {
    const before = await hashed(node);
    const cpu = cpuSeconds(roots);
    // The users come when the storm is there, and leave before it ends.
    const storm =
      name === 'calm' ? null : run({ ...order, role: 'guessers', seconds: seconds + 4 });
    if (storm !== null) await new Promise((resolve) => setTimeout(resolve, 2_000));
    const polling = await run({ ...order, role: 'users' });
    const guessers = await storm;
    const lastedSeconds = guessers?.seconds ?? polling.seconds;
    felt.push({
      name,
      users: polling,
      guessers,
      hashesPerSecond: ((await hashed(node)) - before) / lastedSeconds,
      serverCpu: (cpuSeconds(roots) - cpu) / lastedSeconds,
    });
  }
  return felt;
}

function commit(): string {
  const { stdout } = spawnSync('git', ['describe', '--always', '--dirty'], {
    cwd: import.meta.dirname,
    encoding: 'utf8',
  });
  return stdout?.trim() || 'unknown';
}

function said(answers: Readonly<Record<string, number>> | undefined): string {
  const parts = Object.entries(answers ?? {}).map(([kind, count]) => `${count} ${kind}`);
  return parts.length === 0 ? 'none' : parts.join(', ');
}

function table(felt: readonly Felt[]): string {
  const ms = (values: readonly number[]): string =>
    values.map((value) => value.toFixed(1)).join(' / ');
  const machine = `${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}, Node ${process.version}`;
  const command = ['node bench/hash-storm.ts', ...process.argv.slice(2)].join(' ');
  const [load1 = 0] = loadavg();
  return [
    `# A storm of wrong passwords, ${machine}`,
    '',
    `${rate} wrong passwords a second, each ${guessesOfAddress} from an address of their own, while ${users} users`,
    `poll every ${pauseMs} ms on ${values.workers} workers. Both load generators and PostgreSQL share the machine with`,
    'the node. Latencies are at 50, 95, 99 and 100 per cent of the polls.',
    '',
    `Measured on ${new Date().toISOString().slice(0, 10)} at commit ${commit()} with \`${command}\`, at a load of`,
    `${load1.toFixed(1)} with what else ran there.`,
    '',
    '| | PASS to +OK, ms | whole poll, ms | users told | hashes/s | server CPU, cores | guessers told | held back |',
    '|---|---|---|---|---|---|---|---|',
    ...felt.map(({ name, users: polling, guessers, hashesPerSecond, serverCpu }) =>
      [
        `| ${name}`,
        ms(polling.loginMs),
        ms(polling.pollMs),
        said(polling.answers),
        hashesPerSecond.toFixed(0),
        serverCpu.toFixed(2),
        said(guessers?.answers),
        `${guessers?.held ?? 0} |`,
      ].join(' | '),
    ),
    '',
  ].join('\n');
}

const postgres = await startServer();
try {
  await migrate(postgres.url);
  const names = await addUsers(postgres.url);
  const node = await startNode({
    databaseUrl: postgres.url,
    workers: Number(values.workers),
    environment: {
      POPLAR_AUTH_TRUSTED_NETWORKS: '',
      POPLAR_LOG_LEVEL: 'warn',
      ...(values.profile === undefined
        ? {}
        : { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${values.profile}` }),
    },
  });
  try {
    const text = table(await measure(node, [node.pid, postgres.pid()], names));
    process.stdout.write(text);
    if (values.out !== undefined) writeFileSync(values.out, text);
  } finally {
    await node.stop();
  }
} finally {
  await postgres.stop();
}
