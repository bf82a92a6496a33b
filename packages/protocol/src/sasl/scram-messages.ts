/**
 * The messages of SCRAM (RFC 5802 §7), from octets to fields and back.
 *
 *   client-first   n,,n=user,r=fyko...          client-final   c=biws,r=fyko...3rfc...,p=v0X8...
 *   server-first   r=fyko...3rfc...,s=QSXC...,i=4096            server-final   v=rmF9...
 *
 * Never: prepare a name or a password (SASLprep); accept a mandatory extension (`m=`), for none is
 * known; keep octets that belong to somebody else.
 */

import { assert } from '../assert.ts';
import { scramIterationsMin, scramNonceOctetsMax } from '../limits.ts';
import type { LoginOutcome } from '../pop3/effects.ts';
import { ascii, comma } from '../wire/ascii.ts';
import { decodeBase64, encodeBase64 } from '../wire/base64.ts';
import { decodePrintable } from '../wire/utf8.ts';
import { type BindingFlag, readGs2Header, readSaslName } from './gs2-header.ts';

export interface ClientFirst {
  readonly flag: BindingFlag;
  readonly authorizationId: string;
  readonly authenticationId: string;
  readonly nonce: string;
  /** The GS2 header as it was sent. */
  readonly header: Uint8Array;
  /** The message without it, as it was sent: client-first-message-bare. */
  readonly bare: Uint8Array;
}

export interface ClientFinal {
  /** What the client has bound to, as it was sent: GS2 header and binding data in BASE64. */
  readonly binding: string;
  readonly nonce: string;
  readonly proof: Uint8Array;
  /** The message without the proof, as it was sent: client-final-message-without-proof. */
  readonly withoutProof: Uint8Array;
}

/** Printable ASCII without a comma. */
const nonceCharacters = /^[!-+\--~]+$/;
/** An attribute nobody knows: a letter, not `m`, and a value. */
const extension = /^[A-Za-ln-z]=./;

function isNonce(text: string): boolean {
  return text.length <= scramNonceOctetsMax && nonceCharacters.test(text);
}

/** The value of an attribute; null if it is another one. */
function attributeValue(attribute: string | undefined, name: string): string | null {
  return attribute?.startsWith(`${name}=`) === true ? attribute.slice(2) : null;
}

export function readClientFirst(message: Uint8Array): ClientFirst | null {
  const header = readGs2Header(message);
  if (header === null) return null;
  const bare = message.slice(header.octets);
  const [name, random, ...extensions] = (decodePrintable(bare) ?? '').split(',');
  const authenticationId = readSaslName(attributeValue(name, 'n') ?? '');
  const nonce = attributeValue(random, 'r');
  if (authenticationId === null || nonce === null || !isNonce(nonce)) return null;
  if (!extensions.every((attribute) => extension.test(attribute))) return null;
  const { flag, authorizationId, octets } = header;
  return { flag, authorizationId, authenticationId, nonce, header: message.slice(0, octets), bare };
}

export function readClientFinal(message: Uint8Array): ClientFinal | null {
  const [bound, random, ...attributes] = (decodePrintable(message) ?? '').split(',');
  const binding = attributeValue(bound, 'c');
  const nonce = attributeValue(random, 'r');
  if (binding === null || nonce === null || attributeValue(attributes.pop(), 'p') === null)
    return null;
  if (!attributes.every((attribute) => extension.test(attribute))) return null;
  const last = message.lastIndexOf(comma);
  const proof = decodeBase64(message.subarray(last + 3));
  return proof === null ? null : { binding, nonce, proof, withoutProof: message.slice(0, last) };
}

/** @throws BrokenInvariant if the outcome cannot be said in a message */
export function serverFirst(
  clientNonce: string,
  begun: Extract<LoginOutcome, { kind: 'scram-begun' }>,
): { readonly nonce: string; readonly message: Uint8Array } {
  const { nonce, salt, iterations } = begun;
  assert(isNonce(nonce), 'a nonce is printable ASCII without a comma');
  assert(salt.length > 0, 'a salt has octets');
  const isEnough = Number.isSafeInteger(iterations) && iterations >= scramIterationsMin;
  assert(isEnough, 'SCRAM iterates 4096 times at least');
  const whole = clientNonce + nonce;
  return { nonce: whole, message: ascii(`r=${whole},s=${base64(salt)},i=${iterations}`) };
}

export function serverFinal(signature: Uint8Array): Uint8Array {
  return ascii(`v=${base64(signature)}`);
}

/** What `c=` must say: the GS2 header as it was sent, and the data of the binding. */
export function expectedBinding(header: Uint8Array, data: Uint8Array): string {
  return base64(joined([header, data]));
}

/** RFC 5802 §3 AuthMessage: what both sides sign. */
export function authMessage(parts: readonly [Uint8Array, Uint8Array, Uint8Array]): Uint8Array {
  const [clientFirstBare, serverFirstMessage, clientFinalWithoutProof] = parts;
  const gap = Uint8Array.of(comma);
  return joined([clientFirstBare, gap, serverFirstMessage, gap, clientFinalWithoutProof]);
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function base64(bytes: Uint8Array): string {
  return String.fromCharCode(...encodeBase64(bytes));
}
