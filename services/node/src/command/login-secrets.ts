/**
 * Secrets that are made here or come from elsewhere, as the commands need them: app passwords and the
 * lines of a Dovecot passwd-file.
 */

import { randomBytes } from 'node:crypto';
import { hashPassword } from '@poplar/identity';

export interface AppPassword {
  /** What its user types; shown once. */
  readonly text: string;
  readonly stored: string;
}

export async function makeAppPassword(): Promise<AppPassword> {
  const text = randomBytes(20)
    .toString('hex')
    .replace(/.{8}(?=.)/g, '$&-');
  return { text, stored: await hashPassword(new TextEncoder().encode(text)) };
}

export type PasswdEntry =
  | {
      readonly kind: 'hash';
      readonly name: string;
      readonly stored: string;
      /** What restricted the login there and is not carried over. */
      readonly dropped: readonly string[];
    }
  | {
      readonly kind: 'clear';
      readonly name: string;
      readonly clear: Uint8Array;
      readonly dropped: readonly string[];
    }
  | { readonly kind: 'skipped'; readonly name: string | null; readonly reason: string }
  /** An empty line or a comment. */
  | { readonly kind: 'nothing' };

export interface PasswdOptions {
  /** The scheme of passwords that name none, without braces. */
  readonly defaultScheme?: string;
}

/** Never throws. Schemes other than argon2id and clear text are skipped. */
export function parsePasswdLine(line: string, options: PasswdOptions = {}): PasswdEntry {
  if (line.trim() === '' || line.startsWith('#')) return { kind: 'nothing' };
  const [name = '', password = ''] = line.split(':');
  if (name === '') return { kind: 'skipped', name: null, reason: 'no name' };
  if (password === '') return { kind: 'skipped', name, reason: 'no password' };
  const named = /^[{$]/.test(password) ? password : `{${options.defaultScheme ?? ''}}${password}`;
  const [, scheme = '', rest = ''] = /^(?:\{([^}]*)\})?(.*)$/.exec(named) ?? [];
  const dropped: string[] = [];
  if (rest.startsWith('$argon2id$')) return { kind: 'hash', name, stored: rest, dropped };
  if (/^(?:PLAIN|CLEARTEXT)$/i.test(scheme) && rest !== '') {
    return { kind: 'clear', name, clear: new TextEncoder().encode(rest), dropped };
  }
  return { kind: 'skipped', name, reason: 'a scheme that is not known' };
}
