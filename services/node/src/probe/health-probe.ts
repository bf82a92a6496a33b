/**
 * The probe login behind /probez of the ops port: the mailbox of the configuration, on this node.
 *
 * Never: two logins at once, or one for each request; the password kept.
 */

import { type Config, type Log, StartError } from '@poplar/runtime';
import { readSecretFile } from '../secret-file.ts';
import { probeKeepMs } from './limits.ts';
import { ownListener } from './own-listener.ts';
import { type ProbeOutcome, probePop3 } from './pop3-probe.ts';

export interface ProbeAnswer {
  readonly isOk: boolean;
  /** One line. */
  readonly text: string;
}

/** Null when no mailbox is set. */
export function healthProbe(config: Config, log: Log): (() => Promise<ProbeAnswer>) | null {
  const { address, passwordFile } = config.probe;
  if (address === null || passwordFile === null) return null;
  let last: Promise<ProbeAnswer> | null = null;
  let keptUntilMs = Number.POSITIVE_INFINITY;
  const ask = async (): Promise<ProbeAnswer> => {
    const attempting = attempt(config, { address, passwordFile });
    const outcome = await attempting.finally(() => {
      keptUntilMs = performance.now() + probeKeepMs;
    });
    if (outcome.kind === 'failed') {
      const { step, reason, ms: durationMs } = outcome;
      log.warn({ event: 'probe', step, reason, durationMs }, 'the probe login failed');
    }
    return { isOk: outcome.kind === 'ok', text: printedOutcome(outcome) };
  };
  return () => {
    if (last === null || performance.now() > keptUntilMs) {
      keptUntilMs = Number.POSITIVE_INFINITY;
      last = ask();
    }
    return last;
  };
}

async function attempt(
  config: Config,
  { address, passwordFile }: { readonly address: string; readonly passwordFile: string },
): Promise<ProbeOutcome> {
  try {
    const password = await readSecretFile(passwordFile, 'probe.passwordFile');
    return await probePop3(await ownListener(config), { address, password });
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    return { kind: 'failed', ms: 0, step: 'configuration', reason: error.message };
  }
}

export function printedOutcome(outcome: ProbeOutcome): string {
  if (outcome.kind === 'failed') return `${outcome.step}: ${outcome.reason}`;
  return `ok ${outcome.ms} ms${outcome.note === null ? '' : ` (${outcome.note})`}`;
}
