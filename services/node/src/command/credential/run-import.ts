/**
 * Moves the passwords of a passwd-file into the store, a batch in each transaction.
 *
 * Never: a password in clear beyond the making of its hash; a line left out without a word.
 */

import {
  canonicalAddress,
  hashPassword,
  type PasswdEntry,
  type PasswdOptions,
  parsePasswdLine,
} from '@poplar/identity';
import { StartError } from '@poplar/runtime';
import { type ApiClient, itemsOf, textOf } from '../api/client.ts';
import { hashesAtOnceMax, passwdNamesMax, passwordHashRows } from '../limits.ts';
import { type TextLine, textLines } from '../text-lines.ts';
import type { CredentialReport } from './report.ts';

export interface CredentialImport {
  readonly api: ApiClient;
  readonly path: string;
  readonly report: CredentialReport;
  /** Make mailboxes that are not there. */
  readonly create: boolean;
  /** Of names that have none. */
  readonly domain: string | null;
  readonly parsing: PasswdOptions;
  /** Aborted: stop behind the batch at hand. */
  readonly stopping: AbortSignal;
  readonly onProgress: () => void;
}

/** An entry on its way, with its canonical address. */
interface Row {
  readonly lineNumber: number;
  readonly address: string;
  readonly name: string;
  readonly secret: string | Uint8Array;
  readonly dropped: readonly string[];
}

/** Rejects with an ApiFailure, or a StartError when the file cannot be read. */
export async function runCredentialImport(run: CredentialImport): Promise<'complete' | 'stopped'> {
  const seen = new Set<string>();
  let rows: Row[] = [];
  for await (const line of textLines(run.path)) {
    if (run.stopping.aborted) return 'stopped';
    const row = rowOf(line, run, seen);
    if (row !== null) rows.push(row);
    if (rows.length >= passwordHashRows) {
      if (!(await store(rows, run))) return 'stopped';
      rows = [];
    }
    run.report.lines = line.lineNumber;
    run.report.octetsRead = line.octetsRead;
    run.onProgress();
  }
  return (await store(rows, run)) ? 'complete' : 'stopped';
}

function rowOf(line: TextLine, run: CredentialImport, seen: Set<string>): Row | null {
  const { lineNumber, text } = line;
  const skip = (name: string | null, reason: string): null => {
    run.report.skip({ lineNumber, name, reason });
    return null;
  };
  if (text === null) return skip(null, 'too long, or not UTF-8');
  const entry: PasswdEntry = parsePasswdLine(text, run.parsing);
  if (entry.kind === 'nothing') return null;
  if (entry.kind === 'skipped') return skip(entry.name, entry.reason);
  const { name, dropped } = entry;
  const named = name.includes('@') || run.domain === null ? name : `${name}@${run.domain}`;
  const address = canonicalAddress(named);
  if (address === null) {
    return skip(name, name.includes('@') ? 'no address' : 'no domain; --domain gives one');
  }
  if (seen.has(address)) return skip(name, outcomeTexts.duplicate);
  if (seen.size >= passwdNamesMax) throw new StartError('the file has too many names; split it');
  seen.add(address);
  const secret = entry.kind === 'hash' ? entry.stored : entry.clear;
  return { lineNumber, address, name, secret, dropped };
}

const outcomeTexts = {
  'no-mailbox': 'no such mailbox; --create makes it',
  'no-domain': 'no such domain',
  'name-taken': 'an alias of another mailbox',
  duplicate: 'named on an earlier line',
  invalid: 'no hash that can be verified',
} as const;

function reasonFor(outcome: string): string {
  return new Map<string, string>(Object.entries(outcomeTexts)).get(outcome) ?? outcome;
}

type Stored = 'set' | 'created' | 'unchanged';

function isStored(outcome: string): outcome is Stored {
  return outcome === 'set' || outcome === 'created' || outcome === 'unchanged';
}

/** False when it was stopped before anything of them was stored. */
async function store(rows: readonly Row[], run: CredentialImport): Promise<boolean> {
  const { report, create } = run;
  const hashed: { address: string; hash: string }[] = [];
  const taken: Row[] = [];
  for (let at = 0; at < rows.length; at += hashesAtOnceMax) {
    if (run.stopping.aborted) return false;
    const some = rows.slice(at, at + hashesAtOnceMax);
    const stored = await Promise.all(some.map(({ secret }) => storedForm(secret)));
    some.forEach((row, index) => {
      const form = stored[index] ?? null;
      if (form === null) {
        report.skip({
          ...row,
          reason: 'a password that cannot be one: a control character, or its length',
        });
        return;
      }
      taken.push(row);
      hashed.push({ address: row.address, hash: form });
    });
    run.onProgress();
  }
  if (hashed.length === 0) return true;
  const path = '/mailboxes/password-hashes';
  const outcomes = itemsOf(await run.api.call('POST', path, { create, items: hashed }));
  taken.forEach(({ lineNumber, name, dropped }, index) => {
    const outcome = textOf(outcomes[index]?.outcome, 'invalid');
    if (isStored(outcome)) report.take(outcome, dropped);
    else report.skip({ lineNumber, name, reason: reasonFor(outcome) });
  });
  return true;
}

/** Null when it can be nobody's password. */
async function storedForm(secret: string | Uint8Array): Promise<string | null> {
  if (typeof secret === 'string') return secret;
  try {
    return await hashPassword(secret);
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}
