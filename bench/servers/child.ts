/**
 * A server's process: started so that it dies with the bench, waited for until it answers, stopped.
 *
 * Never: a process that is left behind; a process that this bench did not start.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const readyWithinMs = 30_000;
const stoppedWithinMs = 20_000;
const probePauseMs = 50;

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGTERM');
});

export interface ServerChild {
  readonly pid: number;
  stop(): Promise<void>;
}

export async function startChild(
  command: readonly string[],
  options: { readonly port: number; readonly whatItSaid: () => string },
): Promise<ServerChild> {
  const child = spawn('setpriv', ['--pdeathsig', 'TERM', '--', ...command], { stdio: 'ignore' });
  running.add(child);
  child.once('exit', () => running.delete(child));
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const timer = setTimeout(() => child.kill('SIGKILL'), stoppedWithinMs);
    const over = once(child, 'exit');
    child.kill('SIGTERM');
    await over;
    clearTimeout(timer);
  };
  const untilMs = performance.now() + readyWithinMs;
  while (!(await answers(options.port))) {
    if (child.exitCode !== null || performance.now() > untilMs) {
      await stop();
      throw new Error(`${command[0]} did not start: ${options.whatItSaid()}`);
    }
    await sleep(probePauseMs);
  }
  return { pid: child.pid ?? 0, stop };
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
