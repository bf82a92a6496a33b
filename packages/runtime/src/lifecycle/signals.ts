/**
 * Signals of the process. The first SIGTERM or SIGINT asks for an orderly end; a second one ends at
 * once. Under `npm start` one Ctrl-C arrives twice (from the terminal and forwarded by npm): the same
 * signal within a second of the first is the first. SIGHUP asks for certificates to be read again.
 *
 * Never: work in here; it only tells.
 */

import { repeatedSignalMs } from '../limits.ts';

export interface SignalActions {
  /** Called at most once. */
  readonly drain: (signal: 'SIGTERM' | 'SIGINT') => void;
  /** A second, later request to end. */
  readonly exitNow: () => void;
  readonly reload: () => void;
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
  const listeners = [
    ['SIGTERM', end('SIGTERM')],
    ['SIGINT', end('SIGINT')],
    ['SIGHUP', () => actions.reload()],
  ] as const;
  for (const [signal, listener] of listeners) source.on(signal, listener);
  return () => {
    for (const [signal, listener] of listeners) source.off(signal, listener);
  };
}
