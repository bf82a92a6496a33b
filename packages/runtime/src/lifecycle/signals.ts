/**
 * Signals of the process. The first SIGTERM or SIGINT asks for an orderly end; a second one ends at
 * once. Under `npm start` one Ctrl-C arrives twice (from the terminal and forwarded by npm): the same
 * signal within a second of the first is the first. SIGHUP asks for certificates to be read again;
 * but to a node that was started from a terminal it says that the terminal was closed, and asks for
 * an orderly end, never for a hasty one, because a shell and the kernel may both send it.
 *
 * Never: work in here; it only tells.
 */

import { repeatedSignalMs } from '../limits.ts';

export interface SignalActions {
  /** Called at most once. */
  readonly drain: (signal: 'SIGTERM' | 'SIGINT' | 'SIGHUP') => void;
  /** A second, later request to end. */
  readonly exitNow: () => void;
  /** On SIGHUP; null where that means a terminal was closed, and drains. */
  readonly reload: (() => void) | null;
}

/** What signals are delivered through; the process, or a stand-in under test. */
export interface SignalSource {
  on(signal: NodeJS.Signals, listener: () => void): unknown;
  off(signal: NodeJS.Signals, listener: () => void): unknown;
}

/** Returns a function that stops listening. */
export function onSignals(
  actions: SignalActions,
  source: SignalSource = process,
  now: () => number = () => performance.now(),
): () => void {
  let first: { signal: string; at: number } | null = null;
  const end = (signal: 'SIGTERM' | 'SIGINT') => () => {
    if (first === null) {
      first = { signal, at: now() };
      actions.drain(signal);
      return;
    }
    const isRepeated = signal === first.signal && now() - first.at < repeatedSignalMs;
    if (!isRepeated) actions.exitNow();
  };
  const hangUp = (): void => {
    if (actions.reload !== null) actions.reload();
    else if (first === null) {
      first = { signal: 'SIGHUP', at: now() };
      actions.drain('SIGHUP');
    }
  };
  const listeners = [
    ['SIGTERM', end('SIGTERM')],
    ['SIGINT', end('SIGINT')],
    ['SIGHUP', hangUp],
  ] as const;
  for (const [signal, listener] of listeners) source.on(signal, listener);
  return () => {
    for (const [signal, listener] of listeners) source.off(signal, listener);
  };
}
