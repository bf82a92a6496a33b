/**
 * Fields of requests that need more than a schema: labels that people give, and times in the future.
 */

import { Type } from 'typebox';
import { labelOctetsMax } from './limits.ts';
import { Problem } from './problem.ts';

/** No control characters: it stands in lists on terminals. */
export const labelText = Type.String({
  minLength: 1,
  maxLength: labelOctetsMax,
  pattern: '^[^\\u0000-\\u001f\\u007f-\\u009f]*$',
  examples: ['phone'],
});

/** The schema counts characters, what is stored is counted in octets. */
export function labelIn(label: string): string {
  if (Buffer.byteLength(label) <= labelOctetsMax) return label;
  const detail = `must have at most ${labelOctetsMax} octets`;
  throw new Problem(400, 'the label is too long', [{ pointer: '/body/label', detail }]);
}

export function optionalExpiry(text: string | undefined): Date | null {
  if (text === undefined) return null;
  const date = new Date(text);
  // Also one that is no date: NaN is not greater.
  if (!(date.getTime() > Date.now()) || date.getUTCFullYear() > 9_999) {
    const detail = 'must be in the future';
    throw new Problem(422, 'it would be over already', [{ pointer: '/body/expiresAt', detail }]);
  }
  return date;
}
