/**
 * Debian's Prometheus with the documented configuration, its targets and intervals replaced and nothing
 * else: what is not found in the file is an error. And its promtool.
 *
 * Never: traffic beyond the loopback; a process that outlives `stop`.
 */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from './node-inspection.ts';
import { fileAt, root } from './source-tree.ts';

export const rulesPath = 'docs/operations/prometheus';

interface Rule {
  readonly name: string;
  readonly type: 'recording' | 'alerting';
  readonly query: string;
  readonly health: string;
  readonly lastError: string;
  /** Of an alert: inactive, pending or firing. */
  readonly state: string | null;
}

export interface Prometheus {
  /** The values of an instant query, by now; not a number where there is nothing to divide. */
  query(expr: string): Promise<number[]>;
  rules(): Promise<Rule[]>;
  stop(): Promise<void>;
}

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

export async function startPrometheus(targets: readonly string[]): Promise<Prometheus> {
  const directory = mkdtempSync(join(tmpdir(), 'poplar-prometheus-'));
  const file = join(directory, 'prometheus.yml');
  writeFileSync(file, configured(targets));
  const port = await freePort();
  const child = spawn(
    'prometheus',
    [
      ...[`--config.file=${file}`, `--storage.tsdb.path=${join(directory, 'data')}`],
      ...[`--web.listen-address=127.0.0.1:${port}`, '--log.level=warn'],
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  running.add(child);
  child.once('exit', () => running.delete(child));
  const said: string[] = [];
  child.once('error', (error) => {
    running.delete(child);
    said.push(error.message);
  });
  child.stderr.on('data', (piece: Buffer) => said.push(piece.toString()));
  const get = async (path: string): Promise<unknown> => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`);
    return answer.json();
  };
  const stop = async (): Promise<void> => {
    const over = once(child, 'exit');
    if (child.exitCode === null && child.kill('SIGKILL')) await over;
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    await eventually(() => get('/api/v1/status/buildinfo'), 15_000);
  } catch (error) {
    await stop();
    throw new Error(`Prometheus did not start\n${said.join('')}`, { cause: error });
  }
  return {
    query: async (expr) =>
      valuesIn(await get(`/api/v1/query?query=${encodeURIComponent(expr)}`), expr),
    rules: async () => rulesIn(await get('/api/v1/rules')),
    stop,
  };
}

/** Runs promtool in the folder of the rules; what it said, when it was not content. */
export function promtool(args: readonly string[], input = ''): string | null {
  const { status, stdout, stderr, error } = spawnSync('promtool', args, {
    ...{ cwd: join(root, rulesPath), input, encoding: 'utf8', timeout: 60_000 },
  });
  if (error !== undefined) throw error;
  return status === 0 ? null : `${stdout}${stderr}`;
}

function configured(targets: readonly string[]): string {
  const list = targets.map((target) => `"${target}"`).join(', ');
  const replacements: [from: string, to: string][] = [
    ['"pop1.example.org:9110", "pop2.example.org:9110"', list],
    ['scrape_interval: 15s', 'scrape_interval: 1s'],
    ['evaluation_interval: 15s', 'evaluation_interval: 1s'],
    ['- poplar.rules.yml', `- ${join(root, rulesPath, 'poplar.rules.yml')}`],
  ];
  let config = fileAt(`${rulesPath}/prometheus.yml`).text;
  for (const [from, to] of replacements) {
    if (!config.includes(from)) throw new Error(`prometheus.yml has no ${from}`);
    config = config.replaceAll(from, to);
  }
  return config;
}

/** Data of somebody else's API, looked at no further than it must be. */
interface Answer {
  readonly status?: string;
  readonly error?: string;
  readonly data?: {
    readonly resultType?: string;
    readonly result?: readonly { readonly value: readonly [number, string] }[];
    readonly groups?: readonly { readonly rules: readonly Partial<Rule>[] }[];
  };
}

function valuesIn(answer: unknown, expr: string): number[] {
  const { status, error, data } = answer as Answer;
  if (status !== 'success') throw new Error(`${expr}: ${error ?? 'no answer'}`);
  return (data?.result ?? []).map(({ value }) => Number(value[1]));
}

function rulesIn(answer: unknown): Rule[] {
  const groups = (answer as Answer).data?.groups ?? [];
  return groups.flatMap(({ rules }) =>
    rules.map(
      ({ name = '', type = 'recording', query = '', health = '', lastError = '', state }) => ({
        ...{ name, type, query, health, lastError },
        state: state ?? null,
      }),
    ),
  );
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
