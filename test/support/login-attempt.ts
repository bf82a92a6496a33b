/**
 * One attempt to log in, as a client of its own: from which address, with what, what it was told and
 * how long that took.
 *
 * Never: a second try; a connection left open.
 */

import { Pop3Client, type Pop3Reply } from './pop3-client.ts';
import { testSecret } from './test-database.ts';

export interface LoginAttempt {
  readonly port: number;
  readonly user: string;
  /** That of all test mailboxes by default. */
  readonly secret?: string;
  /** The address of the client; 127.0.0.1 by default. */
  readonly from?: string;
  /** SASL PLAIN instead of USER and PASS. */
  readonly mechanism?: 'PLAIN';
}

export interface Attempted extends Pop3Reply {
  /** From the last line of the attempt to its answer. */
  readonly afterMs: number;
}

/** Longer than any attempt may be kept waiting. */
const patienceMs = 45_000;

export async function attemptLogin(attempt: LoginAttempt): Promise<Attempted> {
  const { port, from = '127.0.0.1' } = attempt;
  const client = await Pop3Client.connect({ port, from, patienceMs });
  try {
    const answered = await answerTo(client, attempt);
    if (answered.ok) await client.quit();
    return answered;
  } finally {
    client.destroy();
  }
}

/** On a connection that the caller has. */
export async function answerTo(
  client: Pop3Client,
  { user, secret = testSecret, mechanism }: Omit<LoginAttempt, 'port' | 'from'>,
): Promise<Attempted> {
  if (mechanism === undefined) await client.ok(`USER ${user}`);
  const since = performance.now();
  const reply = await client.command(
    mechanism === undefined
      ? `PASS ${secret}`
      : `AUTH PLAIN ${Buffer.from(`\0${user}\0${secret}`).toString('base64')}`,
  );
  return { ...reply, afterMs: performance.now() - since };
}

/** What a test compares: `+OK`, or the response code. */
export function told({ ok, code }: Pop3Reply): string {
  return ok ? '+OK' : `${code}`;
}
