/**
 * What a statement is: a name, a constant text, how its input becomes parameters and how a row of
 * its result becomes data. Each lives in its own file under statements/ with the reason for its
 * plan on top.
 *
 * Never: a text that is put together at run time.
 */

import type { Row } from './field.ts';
import type { Parameter } from './parameter.ts';

export interface Statement<Input, Output> {
  /** Under this name it is prepared once on each connection. */
  readonly name: string;
  readonly text: string;
  /** Results in binary form; text otherwise. */
  readonly binary?: true;
  /** Its values of type bytea are lent: who has one gives it back (lent-memory.ts). */
  readonly lent?: true;
  /** Its caller says `+OK` to someone: a WARNING at COMMIT means it may not be replicated. */
  readonly durable?: true;
  readonly parameters: (input: Input) => readonly Parameter[];
  readonly row: (row: Row) => Output;
}
