/**
 * Reads lines of a Dovecot passwd-file, for importers:
 * `user:password:uid:gid:gecos:home:shell:extra fields`.
 *
 * A colon always ends a field there, nothing escapes it, and no hash that is read has one in it. A
 * password in clear with a colon is cut by Dovecot, too, so the part before it is the password.
 *
 * Never: a login that Dovecot would refuse: `nopassword`, `nologin` and locked entries are skipped, never
 * taken without their condition.
 *
 * Rules: Dovecot's `db-passwd-file.c` and its documentation of passdb extra fields.
 */

import { passwdLineCharactersMax } from './limits.ts';
import { readStored } from './schemes/index.ts';

export type PasswdEntry =
  /** A hash that can be verified. */
  | {
      readonly kind: 'hash';
      readonly name: string;
      readonly stored: string;
      /** Extra fields that restricted the login in Dovecot and are not carried over. */
      readonly dropped: readonly string[];
    }
  /** A password in clear, to be hashed at once. */
  | {
      readonly kind: 'clear';
      readonly name: string;
      readonly clear: Uint8Array;
      readonly dropped: readonly string[];
    }
  /** Why nothing is taken from it; never with any of the password. Null: no name that could be said. */
  | { readonly kind: 'skipped'; readonly name: string | null; readonly reason: string }
  /** An empty line or a comment. */
  | { readonly kind: 'nothing' };

export interface PasswdOptions {
  /** The scheme of passwords that name none: Dovecot's `default_password_scheme`, without braces. */
  readonly defaultScheme?: string;
}

/** Fields before the extra ones. */
const plainFields = 7;

/** Extra fields of the passdb that narrow who may log in, or how. */
const restrictions = new Set(['allow_nets', 'allow_real_nets', 'pass', 'proxy', 'host', 'user']);

const controls = /[\p{Cc}\u2028\u2029]/u;

/** Reads one line, its end taken off. Bounded; never throws. */
export function parsePasswdLine(line: string, options: PasswdOptions = {}): PasswdEntry {
  if (line.trim() === '' || line.startsWith('#')) return { kind: 'nothing' };
  const skipped = (reason: string, name: string | null = null): PasswdEntry => ({
    kind: 'skipped',
    name,
    reason,
  });
  if (line.length > passwdLineCharactersMax) return skipped('the line is too long');
  const fields = line.split(':');
  const [name = '', password = ''] = fields;
  // It is no name either, as far as anybody can tell: perhaps it is a password.
  if (fields.length === 1) return skipped('no colon');
  if (name === '') return skipped('no name');
  if (controls.test(line) || !line.isWellFormed()) return skipped('characters that no name has');
  const extra = extraFields(fields);
  if (extra.has('nopassword')) return skipped('nopassword: any password would do', name);
  if (extra.has('nologin')) return skipped('nologin: it may not log in', name);
  if (password === '') return skipped('no password', name);
  if (/^[!*]/.test(password)) return skipped('a locked password', name);
  const isNamed = /^[{$]/.test(password) || options.defaultScheme === undefined;
  const stored = isNamed ? password : `{${options.defaultScheme}}${password}`;
  const dropped = [...extra].filter((field) => restrictions.has(field));
  const reading = readStored(stored);
  if (reading.kind === 'record') return { kind: 'hash', name, stored, dropped };
  if (reading.kind === 'unusable') return skipped(reading.reason, name);
  return reading.secret.length > 0
    ? { kind: 'clear', name, clear: reading.secret, dropped }
    : skipped('no password', name);
}

/** Names of the extra fields that are on; colons do not end fields there. */
function extraFields(fields: readonly string[]): Set<string> {
  const names = new Set<string>();
  for (const field of fields.slice(plainFields).join(':').split(' ')) {
    const [name = '', value = 'y'] = field.split('=', 2);
    if (name !== '' && !/^(?:no|n|0|false)$/i.test(value)) names.add(name.toLowerCase());
  }
  return names;
}
