/**
 * One run of one workload on one server: warm, then measured, then waited for until what it does behind
 * the replies is done.
 *
 * Never: a figure of a run in which a reply was wrong.
 */

import { type Corpus, messageOf } from './corpus.ts';
import { cpuSeconds } from './cpu.ts';
import { asData } from './load/client.ts';
import { generate } from './load/generate.ts';
import type { LoadOrder, Shape, Task } from './load/order.ts';
import type { Measured } from './measured.ts';
import { type MemoryPace, measureMemory, memoryPace } from './memory.ts';
import type { BenchServer } from './servers/server.ts';
import type { Workload } from './workloads/workload.ts';

export interface Timing {
  readonly warmUpSeconds: number;
  readonly seconds: number;
  readonly processes: number;
  readonly memory?: MemoryPace;
}

/** Who looks at something else meanwhile. */
export interface Watch {
  /** Just before the first measured operation. */
  readonly began: () => Promise<void>;
  /** When all is done, work behind the replies included. */
  readonly ended: () => Promise<void>;
}

/** Clients that poll before a load that has no warm-up of its own. */
const pollersBefore = 32;
const closed: Shape = { kind: 'closed' };

type Cpu = Readonly<Record<string, number>>;

function cpuOf(server: BenchServer): Cpu {
  return Object.fromEntries(
    Object.entries(server.parts()).map(([part, pids]) => [part, cpuSeconds(pids)]),
  );
}

function between(before: Cpu, after: Cpu): Cpu {
  return Object.fromEntries(
    Object.entries(after).map(([part, seconds]) => [part, seconds - (before[part] ?? 0)]),
  );
}

function sum(cpu: Cpu): number {
  return Object.values(cpu).reduce((total, seconds) => total + seconds, 0);
}

function orderOf(
  server: BenchServer,
  workload: Workload,
  { mailboxes }: Corpus,
): Omit<LoadOrder, 'process' | 'processes' | 'seconds' | 'warmUpSeconds'> {
  const { deliveredOctets, shape = closed, task, clients } = workload;
  const nodes = server.nodes.map(({ pop3, pop3s, lmtp }) => ({ pop3, pop3s, lmtp }));
  const content = deliveredOctets === undefined ? '' : asData(messageOf(deliveredOctets));
  const { secret } = server;
  return { nodes, secret, task, mailboxes, shape, clients, content };
}

export async function measure(
  server: BenchServer,
  workload: Workload,
  options: Timing & { readonly corpus: Corpus; readonly round: number; readonly watch?: Watch },
): Promise<Measured> {
  const { corpus, round, seconds, processes } = options;
  // What is used up must not be used up before it is measured.
  const warmUpSeconds = workload.task.kind === 'drain' ? 0 : options.warmUpSeconds;
  const order = { ...orderOf(server, workload, corpus), seconds, warmUpSeconds };
  if (workload.task.kind === 'idle') return memoryOf(server, workload, { ...options, order });
  if (workload.task.kind === 'drain') await pollFirst(server, workload, options);
  let before: Cpu = {};
  let answered: Cpu = {};
  const generated = await generate({
    order,
    processes: Math.min(processes, workload.clients),
    began: async () => {
      await options.watch?.began();
      before = cpuOf(server);
    },
    ended: async () => {
      answered = cpuOf(server);
      await server.settle();
    },
  });
  const used = between(before, cpuOf(server));
  await options.watch?.ended();
  const { cpuSeconds: generatorCpuSeconds, ...rest } = generated;
  return {
    server: server.name,
    workload: workload.name,
    operation: workload.operation,
    round,
    ...rest,
    cpuSeconds: used,
    settleCpuSeconds: sum(used) - sum(between(before, answered)),
    generatorCpuSeconds,
    generatorProcesses: Math.min(processes, workload.clients),
    memory: null,
    goal: workload.goal ?? null,
  };
}

interface MemoryOptions {
  readonly order: Omit<LoadOrder, 'process' | 'processes'>;
  readonly memory?: MemoryPace;
  readonly processes: number;
  readonly round: number;
  readonly watch?: Watch;
}

async function memoryOf(
  server: BenchServer,
  workload: Workload,
  { order, processes, round, watch, memory: pace = memoryPace }: MemoryOptions,
): Promise<Measured> {
  await watch?.began();
  const measured = await measureMemory({ server, order, processes, pace });
  await watch?.ended();
  const { generated, sessions, octets, readings, cpuSeconds: used } = measured;
  const { cpuSeconds: generatorCpuSeconds, ...rest } = generated;
  return {
    ...{ server: server.name, workload: workload.name, operation: workload.operation, round },
    ...rest,
    operations: sessions,
    cpuSeconds: { all: used },
    settleCpuSeconds: 0,
    generatorCpuSeconds,
    generatorProcesses: processes,
    memory: { sessions, octets, readings },
    goal: workload.goal ?? null,
  };
}

/** Compiles what is run, before mail is used up. */
async function pollFirst(
  server: BenchServer,
  workload: Workload,
  { corpus, processes, warmUpSeconds }: Timing & { readonly corpus: Corpus },
): Promise<void> {
  const task: Task = { kind: 'poll', tls: false, pipelined: false };
  const clients = Math.min(pollersBefore, corpus.mailboxes.count);
  const mailboxes = { ...corpus.mailboxes, count: clients };
  const order = { ...orderOf(server, { ...workload, task, clients }, { ...corpus, mailboxes }) };
  await generate({
    order: { ...order, shape: closed, seconds: warmUpSeconds, warmUpSeconds: 0 },
    processes,
    began: () => undefined,
    ended: () => undefined,
  });
}
