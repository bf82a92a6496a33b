/**
 * Secrets of webhooks and the signature of a request: HMAC-SHA256 over its time and its body, so that a
 * receiver knows who sent it, that nothing was changed, and that it is not an old one sent again.
 *
 * Never: a secret in a log or an error.
 */

import { createHmac, randomBytes } from 'node:crypto';

export const signatureHeader = 'poplar-signature';

export function makeSecret(): string {
  return `whsec_${randomBytes(32).toString('base64url')}`;
}

export interface ToSign {
  /** Seconds since 1970. */
  readonly time: number;
  readonly body: string;
  /** After a rotation the former one as well: one of them is enough for the receiver. */
  readonly secrets: readonly string[];
}

/** `t=<time>,v1=<hex>`, with a `v1` for each secret. */
export function signatureOf({ time, body, secrets }: ToSign): string {
  const signed = secrets.map((secret) =>
    createHmac('sha256', secret).update(`${time}.${body}`).digest('hex'),
  );
  return [`t=${time}`, ...signed.map((hex) => `v1=${hex}`)].join(',');
}
