/**
 * The GS2 header in front of SCRAM's and OAUTHBEARER's first message (RFC 5801 §4), and the names in
 * them (RFC 5802 §5.1 saslname).
 *
 *   n,,   y,,   p=tls-exporter,a=authzid,
 *
 * Never: a name with a control character, or an escape that is not `=2C` or `=3D`.
 */

import { comma } from '../wire/ascii.ts';
import { readName } from './exchange.ts';

export type BindingFlag =
  /** `n`: the client can bind to no channel. */
  | { readonly kind: 'none' }
  /** `y`: it can, and believes that we cannot. */
  | { readonly kind: 'unoffered' }
  /** `p=...`: it does. */
  | { readonly kind: 'bound'; readonly binding: string };

export interface Gs2Header {
  readonly flag: BindingFlag;
  readonly authorizationId: string;
  /** Its length, both commas included. */
  readonly octets: number;
}

/** The header at the beginning of a message, or null. */
export function readGs2Header(message: Uint8Array): Gs2Header | null {
  const first = message.indexOf(comma);
  const second = message.indexOf(comma, first + 1);
  if (first === -1 || second === -1) return null;
  const flag = readFlag(readName(message.subarray(0, first)) ?? '');
  const identity = readName(message.subarray(first + 1, second));
  if (flag === null || identity === null) return null;
  const authorizationId = identity === '' ? '' : readIdentity(identity);
  return authorizationId === null ? null : { flag, authorizationId, octets: second + 1 };
}

function readFlag(text: string): BindingFlag | null {
  if (text === 'n') return { kind: 'none' };
  if (text === 'y') return { kind: 'unoffered' };
  const [, binding] = /^p=([A-Za-z0-9.-]+)$/.exec(text) ?? [];
  return binding === undefined ? null : { kind: 'bound', binding };
}

function readIdentity(text: string): string | null {
  return text.startsWith('a=') ? readSaslName(text.slice(2)) : null;
}

/** A name without its escapes; null if it is empty or wrongly escaped. */
export function readSaslName(text: string): string | null {
  if (text === '' || /=(?!2C|3D)/.test(text)) return null;
  return text.replaceAll('=2C', ',').replaceAll('=3D', '=');
}
