/**
 * Makes what is stored of a new password, one at a time: each is 10 ms of a processor that logins need
 * too.
 *
 * Never: the password kept, logged or in an error; a queue without a bound.
 */

import { makePasswordRecords, type PasswordRecords, passwordProblem } from '@poplar/identity';
import type { Config } from '@poplar/runtime';
import { hashesWaitingMax } from './limits.ts';
import { Problem } from './problem.ts';

export class Passwords {
  readonly #auth: Config['auth'];
  #waiting = 0;
  #last: Promise<unknown> = Promise.resolve();

  constructor(auth: Config['auth']) {
    this.#auth = auth;
  }

  /** Throws a Problem when it can be nobody's password. */
  async make(text: string, pointer = '/body/password'): Promise<PasswordRecords> {
    const password = octetsOf(text, pointer);
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

/** The octets of a password or another secret that a person chose; throws a Problem. */
export function octetsOf(text: string, pointer: string): Uint8Array {
  const octets = new TextEncoder().encode(text);
  const problem = passwordProblem(octets);
  if (problem !== null) {
    throw new Problem(422, `the password ${problem}`, [{ pointer, detail: problem }]);
  }
  return octets;
}
