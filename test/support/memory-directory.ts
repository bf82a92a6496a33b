/**
 * Who may log in to the memory peer, by what: the accounts, secrets and nonces of the RFCs' examples,
 * so that transcripts can be those examples.
 *
 * Never: a name that is taken apart; an answer that depends on more than the attempt.
 */

import { createHash, createHmac } from 'node:crypto';
import type { Attempt, Outcome } from '@poplar/protocol';
import type { Directory } from '@poplar/protocol/testing';
import {
  isProof,
  proofOf,
  recordOf,
  type Salted,
  type ScramHash,
  signatureOf,
} from './scram-keys.ts';

type Refused = Extract<Outcome, { kind: 'refused' }>;
type Begin = Parameters<Directory['begin']>[0];
type Prove = Parameters<Directory['prove']>[0];

const wrong: Refused = { kind: 'refused', refusal: 'credentials' };
const unreachable: Refused = { kind: 'refused', refusal: 'temporary' };

/** RFC 1939 §7: the example of APOP. */
export const apopTimestamp = '<1896.697170952@dbc.mtview.ca.us>';
const apopSecrets = new Map([
  ['mrose', 'tanstaaf'],
  // An account without a secret of this kind.
  ['empty', ''],
]);

/** RFC 7628 §4.1. */
const goodToken = 'vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==';

/** RFC 5802 §5 and RFC 7677 §3: nonce and salt of the server; `user` has the password `pencil`. */
const scram: Readonly<Record<ScramHash, { readonly nonce: string; readonly salt: string }>> = {
  'SHA-1': { nonce: '3rfcNHYJY1ZVvWVs7j', salt: 'QSXCR+Q6sek8bf92' },
  'SHA-256': { nonce: '%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0', salt: 'W22ZaJ0SNY7soEsUEjb6gQ==' },
};
const iterations = 4096;

function saltedOf(hash: ScramHash): Salted {
  const salt = Buffer.from(scram[hash].salt, 'base64');
  return { hash, password: 'pencil', salt, iterations };
}

/** Each is made once: 4096 rounds take a while. */
const salted = { 'SHA-1': saltedOf('SHA-1'), 'SHA-256': saltedOf('SHA-256') } as const;
const records = {
  'SHA-1': recordOf(salted['SHA-1']),
  'SHA-256': recordOf(salted['SHA-256']),
} as const;

const bindingData = {
  'tls-exporter': Buffer.alloc(32, 'exporter'),
  'tls-server-end-point': Buffer.alloc(32, 'end point'),
} as const;

export class MemoryDirectory implements Directory {
  readonly #address: string;
  readonly #password: string;
  #begun: Begin | null = null;

  constructor(address: string, password: string) {
    this.#address = address;
    this.#password = password;
  }

  verify(attempt: Attempt): string | Refused {
    const { authorizationId } = attempt;
    const address = this.#actor(attempt);
    if (typeof address !== 'string') return address;
    const isOwn = ['', address, attempt.authenticationId].includes(authorizationId);
    return isOwn ? address : wrong;
  }

  begin(effect: Begin): Outcome {
    this.#begun = effect;
    const { nonce } = scram[effect.hash];
    const { salt } = salted[effect.hash];
    return {
      kind: 'scram-begun',
      nonce,
      salt: effect.authenticationId === 'user' ? salt : madeUpSalt(effect.authenticationId),
      iterations,
      bindingData: effect.binding === null ? null : bindingData[effect.binding],
    };
  }

  prove(effect: Prove): Outcome {
    const begun = this.#begun;
    if (begun?.authenticationId !== 'user') return wrong;
    const { hash } = begun;
    const record = records[hash];
    if (!isProof(hash, record, effect)) return wrong;
    return { kind: 'scram-proved', signature: signatureOf(hash, record, effect.authMessage) };
  }

  #actor(attempt: Attempt): string | Refused {
    switch (attempt.kind) {
      case 'password': {
        const isRight = Buffer.from(attempt.secret).toString('latin1') === this.#password;
        return isRight && attempt.authenticationId === this.#address ? this.#address : wrong;
      }
      case 'apop': {
        const secret = apopSecrets.get(attempt.authenticationId) ?? '';
        const digest = createHash('md5')
          .update(attempt.timestamp + secret)
          .digest();
        return secret !== '' && digest.equals(attempt.digest) ? this.#address : wrong;
      }
      case 'token':
        if (attempt.token === 'outage') return unreachable;
        if (attempt.token === 'narrow') return { ...wrong, tokenStatus: 'insufficient_scope' };
        return attempt.token === goodToken ? this.#address : wrong;
      case 'certificate':
      case 'proved':
        return this.#address;
    }
  }
}

/** RFC 5802 §9: a name that is not there has a salt, too, and always the same. */
function madeUpSalt(name: string): Buffer {
  return createHmac('sha256', 'of this test').update(name).digest().subarray(0, 12);
}

/**
 * What a client says and hears in SCRAM-SHA-256-PLUS, in BASE64, as names for transcripts:
 * `exporterfinal` and `exportersignature`, `endpointfinal` and `endpointsignature`.
 */
export const scramNames: ReadonlyMap<string, string> = makeScramNames();

function makeScramNames(): Map<string, string> {
  const texts = new Map<string, string>();
  const { nonce, salt } = scram['SHA-256'];
  for (const [word, binding] of [
    ['exporter', 'tls-exporter'],
    ['endpoint', 'tls-server-end-point'],
  ] as const) {
    const header = Buffer.from(`p=${binding},,`);
    const bound = Buffer.concat([header, bindingData[binding]]).toString('base64');
    const final = `c=${bound},r=fyko${nonce}`;
    const first = `n=user,r=fyko,r=fyko${nonce},s=${salt},i=${iterations}`;
    const authMessage = `${first},${final}`;
    const proof = proofOf(salted['SHA-256'], authMessage).toString('base64');
    const signature = signatureOf('SHA-256', records['SHA-256'], authMessage).toString('base64');
    texts.set(`${word}final`, Buffer.from(`${final},p=${proof}`).toString('base64'));
    texts.set(`${word}signature`, Buffer.from(`v=${signature}`).toString('base64'));
  }
  return texts;
}
