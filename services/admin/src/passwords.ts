/**
 * Makes what is stored of a new password, one at a time: each is 10 ms of a processor that logins need
 * too.
 *
 * Never: the password kept, logged or in an error; a queue without a bound.
 */

import { makePasswordRecords, type PasswordRecords, passwordProblem } from '@poplar/identity';
import type { Config } from '@poplar/runtime';
import { Type } from 'typebox';
import { hashesWaitingMax, secretCharactersMax } from './limits.ts';
import { Problem } from './problem.ts';

/** Fields of a request with a secret in it, one of which is given. */
export const secretFields = {
  password: Type.Optional(
    Type.String({ maxLength: secretCharactersMax, description: '1 to 1024 octets' }),
  ),
  passwordBase64: Type.Optional(
    Type.String({
      maxLength: 2 * secretCharactersMax,
      pattern: '^[A-Za-z0-9+/]*={0,2}$',
      description: 'instead, for one that is not UTF-8',
    }),
  ),
};

export interface SecretFields {
  readonly password?: string;
  readonly passwordBase64?: string;
}

export class Passwords {
  readonly #auth: Config['auth'];
  #waiting = 0;
  #last: Promise<unknown> = Promise.resolve();

  constructor(auth: Config['auth']) {
    this.#auth = auth;
  }

  /** Throws a Problem when it can be nobody's password. */
  async make(password: Uint8Array): Promise<PasswordRecords> {
    if (this.#waiting >= hashesWaitingMax) {
      throw new Problem(503, 'too many passwords wait to be hashed; try again soon');
    }
    this.#waiting += 1;
    const made = this.#last.then(() => makePasswordRecords(password, this.#auth));
    this.#last = made.catch(() => undefined);
    try {
      return await made;
    } finally {
      this.#waiting -= 1;
    }
  }
}

/** The octets of a password or another secret that a person chose; null for none. Throws a Problem. */
export function secretOf({ password, passwordBase64 }: SecretFields): Uint8Array | null {
  if (password !== undefined && passwordBase64 !== undefined) {
    throw new Problem(400, 'give password or passwordBase64, not both');
  }
  if (passwordBase64 !== undefined) {
    return checked(new Uint8Array(Buffer.from(passwordBase64, 'base64')), '/body/passwordBase64');
  }
  return password === undefined ? null : octetsOf(password);
}

export function octetsOf(text: string): Uint8Array {
  if (!text.isWellFormed()) {
    const detail = 'has half a character in it';
    throw refusedPassword(detail, '/body/password');
  }
  return checked(new TextEncoder().encode(text), '/body/password');
}

function checked(octets: Uint8Array, pointer: string): Uint8Array {
  const problem = passwordProblem(octets);
  if (problem !== null) {
    throw refusedPassword(problem, pointer);
  }
  return octets;
}

function refusedPassword(detail: string, pointer: string): Problem {
  const errors = [{ pointer, detail }];
  return new Problem(422, `the password ${detail}`, { errors, code: 'password-refused' });
}
