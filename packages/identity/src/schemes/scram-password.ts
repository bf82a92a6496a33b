/**
 * A password compared with a stored SCRAM secret, for clients that send the password itself.
 *
 * Never: outdated, for a hash in its place would take SCRAM away from the mailbox.
 *
 * Rules: RFC 5802 §3 for the stored key, §2.2 for the preparation of the password.
 */

import { timingSafeEqual } from 'node:crypto';
import { deriveScramKeys, parseScramSecret } from '../scram.ts';
import type { PasswordRecord, Scheme, StoredText } from './scheme.ts';

function read({ name, encoding, body }: StoredText): PasswordRecord | null {
  const secret = encoding === null ? parseScramSecret(`{${name}}${body}`) : null;
  if (secret === null) return null;
  return {
    scheme: name.toLowerCase(),
    weight: 'scram',
    outdated: () => false,
    verify: async (password) => {
      const { hash, iterations, salt } = secret;
      const keys = await deriveScramKeys({ hash, password, iterations, salt });
      return keys !== null && timingSafeEqual(keys.storedKey, secret.storedKey);
    },
  };
}

export const scramPassword: Scheme = { names: ['SCRAM-SHA-1', 'SCRAM-SHA-256'], read };
