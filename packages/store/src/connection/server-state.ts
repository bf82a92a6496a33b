/**
 * What a server is at the moment, and whether that will do: `target_session_attrs` of libpq. A server
 * tells it when a session begins and again when it changes (ParameterStatus of `in_hot_standby` and
 * `default_transaction_read_only`, PostgreSQL 14 and later); a pooler in between may not pass that on,
 * so it is asked for as well.
 *
 * Rules: PostgreSQL documentation, "Parameter Key Words" (libpq) and "Asynchronous Operations"
 * (protocol).
 *
 * Never: a server taken for writable because it said nothing.
 */

import type { BackendMessage } from 'pg-protocol/dist/messages.js';
import { ParameterStatusMessage } from 'pg-protocol/dist/messages.js';
import { StoreError } from '../errors.ts';

export type SessionAttributes =
  | 'read-write'
  | 'read-only'
  | 'primary'
  | 'standby'
  | 'prefer-standby'
  | 'any';

export interface ServerState {
  /** A standby, or a server that is being restored. */
  readonly isInRecovery: boolean;
  /** Sessions refuse writes as they begin. */
  readonly isReadOnly: boolean;
}

/** The rounds in which all servers are tried: a standby is preferred by looking for one first. */
export function roundsOf(attributes: SessionAttributes): SessionAttributes[] {
  return attributes === 'prefer-standby' ? ['standby', 'any'] : [attributes];
}

export function suits(
  attributes: SessionAttributes,
  { isInRecovery, isReadOnly }: ServerState,
): boolean {
  switch (attributes) {
    case 'read-write':
      return !isInRecovery && !isReadOnly;
    case 'read-only':
      return isInRecovery || isReadOnly;
    case 'primary':
      return !isInRecovery;
    case 'standby':
      return isInRecovery;
    case 'prefer-standby':
    case 'any':
      return true;
  }
}

export function unsuitable(attributes: SessionAttributes): StoreError {
  const what =
    attributes === 'read-write' || attributes === 'primary'
      ? 'the server is in recovery or read-only'
      : `the server is not what target_session_attrs=${attributes} asks for`;
  return new StoreError('STORE_UNAVAILABLE', what);
}

/** What a server reports of itself. */
export class ReportedState {
  #isInRecovery = false;
  #isReadOnly = false;

  /** What was said is not in contradiction with what is wanted. */
  suits(attributes: SessionAttributes): boolean {
    return suits(attributes, { isInRecovery: this.#isInRecovery, isReadOnly: this.#isReadOnly });
  }

  /** True when this message is about it. */
  hear(message: BackendMessage): boolean {
    if (!(message instanceof ParameterStatusMessage)) return false;
    const isOn = message.parameterValue === 'on';
    if (message.parameterName === 'in_hot_standby') this.#isInRecovery = isOn;
    else if (message.parameterName === 'default_transaction_read_only') this.#isReadOnly = isOn;
    else return false;
    return true;
  }
}
