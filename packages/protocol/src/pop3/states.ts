/**
 * Which verb may be used in which phase of a session. Everything that decides this is in this file.
 *
 * Theory of operation. A session is in one of four phases (RFC 1939 §3):
 *
 * - `authorization`, from the greeting on. Left by a login (`opened`) for `transaction`, by QUIT or
 *   a bound that was passed for `closed`. STLS stays in it, with what was learnt forgotten.
 * - `transaction`, while a maildrop is open. The list of messages never changes in it; marks do.
 *   Left by QUIT for `update`, by a bound, a broken message or a shutdown for `closed`.
 * - `update`, from QUIT until the outcome of the update is known. No command is read any more.
 *   Only here may anything be removed (RFC 1939 §6).
 * - `closed`. The last replies may still be pending; nothing is read and nothing more is said.
 *
 * Within a phase the session is always in exactly one of these situations, and only the first one
 * reads commands:
 *
 * - between commands;
 * - in a SASL exchange: the next line is a response, not a command (authorization only);
 * - waiting for the outcome of an effect: input is buffered and not looked at;
 * - in a LIST or UIDL reply that did not fit below the high-water mark (transaction only).
 *
 * A verb in the wrong phase is answered `-ERR` and changes nothing, but that USER is forgotten by
 * whatever follows it that is not PASS (RFC 1939 §7).
 */

import type { Verb } from './command.ts';

export type Phase = 'authorization' | 'transaction' | 'update' | 'closed';

/** The phases in which commands are read. */
export type CommandPhase = Extract<Phase, 'authorization' | 'transaction'>;

const authorizationOnly = { authorization: true, transaction: false } as const;
const transactionOnly = { authorization: false, transaction: true } as const;
const anywhere = { authorization: true, transaction: true } as const;

/** Every verb; a verb without a row does not compile. */
const verbTable = {
  APOP: authorizationOnly,
  AUTH: authorizationOnly, // RFC 5034 §4
  CAPA: anywhere, // RFC 2449 §5
  DELE: transactionOnly,
  LIST: transactionOnly,
  NOOP: transactionOnly,
  PASS: authorizationOnly,
  QUIT: anywhere,
  RETR: transactionOnly,
  RSET: transactionOnly,
  STAT: transactionOnly,
  STLS: authorizationOnly, // RFC 2595 §4
  TOP: transactionOnly,
  UIDL: transactionOnly,
  USER: authorizationOnly,
} as const satisfies Record<Verb, Record<CommandPhase, boolean>>;

/** The verbs that may be used in a phase. */
export type VerbIn<P extends CommandPhase> = {
  [V in Verb]: (typeof verbTable)[V][P] extends true ? V : never;
}[Verb];

/** Whether a command may be used in a phase; the compiler then knows it, too. */
export function isAllowed<P extends CommandPhase, C extends { readonly verb: Verb }>(
  command: C,
  phase: P,
): command is Extract<C, { readonly verb: VerbIn<P> }> {
  return verbTable[command.verb][phase];
}
