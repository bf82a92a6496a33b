/**
 * A SCRAM client that computes (RFC 5802 §5 and §6), over the arithmetic of scram-keys.ts.
 *
 * Never: a line of the package under test; a server believed that has not proved itself.
 */

import { createHash, randomBytes } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import type { Pop3Client } from './pop3-client.ts';
import { type Answer, type Exchanged, exchange } from './sasl-client.ts';
import { proofOf, recordOf, type Salted, type ScramHash, signatureOf } from './scram-keys.ts';

export type Binding = 'tls-exporter' | 'tls-server-end-point';

export interface ScramAttempt {
  readonly hash: ScramHash;
  readonly user: string;
  readonly password: string;
  readonly authzid?: string;
  /** With it the mechanism is a -PLUS. */
  readonly binding?: Binding;
  /** Instead of what the connection has. */
  readonly bindingData?: Uint8Array;
  /** Of a client that does not bind; `y` says that it could. */
  readonly flag?: 'n' | 'y';
  /** What is said to server-final instead of nothing. */
  readonly last?: Answer;
  /** Client-final is held back until this is over. */
  readonly held?: Promise<void>;
  /** What is said to server-first instead of client-final. */
  readonly final?: Answer;
}

export interface ScramRun extends Exchanged {
  readonly salt: string;
  readonly iterations: number;
  /** The server has shown that it knows the password, too. */
  readonly serverProved: boolean;
}

/** What this end of a TLS connection has of a binding, by the RFCs' text. */
export function bindingDataOf(socket: TLSSocket, binding: Binding): Buffer {
  if (binding === 'tls-exporter') {
    // RFC 9266 §2: this label, an empty context, 32 octets.
    return socket.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0));
  }
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) throw new Error('the server has shown no certificate');
  // RFC 5929 §4.1; what is made for tests is signed with SHA-256.
  return createHash('sha256').update(certificate.raw).digest();
}

function saslName(name: string): string {
  return name.replaceAll('=', '=3D').replaceAll(',', '=2C');
}

function fieldsOf(message: Buffer): Map<string, string> {
  const fields = message.toString('utf8').split(',');
  return new Map(fields.map((field) => [field.slice(0, 1), field.slice(2)]));
}

/** Runs the exchange to its end, with an initial response. */
export async function scram(client: Pop3Client, attempt: ScramAttempt): Promise<ScramRun> {
  const { hash, binding, authzid, flag = 'n' } = attempt;
  const header = gs2Header(binding === undefined ? flag : `p=${binding}`, authzid);
  const nonce = randomBytes(18).toString('base64');
  const bare = `n=${saslName(attempt.user)},r=${nonce}`;
  const run = { salt: '', iterations: 0, serverProved: false };
  let expected = '';
  const prove = async (serverFirst: Buffer): Promise<string> => {
    await attempt.held;
    const fields = fieldsOf(serverFirst);
    const whole = fields.get('r') ?? '';
    if (!whole.startsWith(nonce) || whole === nonce) client.wire.fail('not a nonce of ours');
    run.salt = fields.get('s') ?? '';
    run.iterations = Number(fields.get('i'));
    const channel = Buffer.concat([Buffer.from(header), bindingOf(client, attempt)]);
    const withoutProof = `c=${channel.toString('base64')},r=${whole}`;
    const signed = `${bare},${serverFirst},${withoutProof}`;
    const { password } = attempt;
    const salt = Buffer.from(run.salt, 'base64');
    const salted: Salted = { hash, password, salt, iterations: run.iterations };
    expected = `v=${signatureOf(hash, recordOf(salted), signed).toString('base64')}`;
    return `${withoutProof},p=${proofOf(salted, signed).toString('base64')}`;
  };
  const believe = (serverFinal: Buffer): string => {
    run.serverProved = serverFinal.toString() === expected;
    return '';
  };
  const exchanged = await exchange(client, {
    mechanism: `SCRAM-${hash}${binding === undefined ? '' : '-PLUS'}`,
    initial: `${header}${bare}`,
    answers: [attempt.final ?? prove, attempt.last ?? believe],
  });
  return { ...exchanged, ...run };
}

function gs2Header(flag: string, authzid: string | undefined): string {
  return `${flag},${authzid === undefined ? '' : `a=${saslName(authzid)}`},`;
}

function bindingOf(client: Pop3Client, { binding, bindingData }: ScramAttempt): Uint8Array {
  if (bindingData !== undefined) return bindingData;
  if (binding === undefined) return new Uint8Array(0);
  const { tls } = client.wire;
  if (tls === null) throw new Error('there is nothing to bind to');
  return bindingDataOf(tls, binding);
}
