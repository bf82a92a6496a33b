/**
 * Schemas that several resources share.
 */

import { Type } from 'typebox';
import { strict } from '../validation.ts';

export const addressText = Type.String({
  minLength: 3,
  maxLength: 320,
  description: 'local@domain; case does not count',
  examples: ['ann@example.org'],
});

export const domainText = Type.String({
  minLength: 1,
  maxLength: 255,
  examples: ['example.org'],
});

export const addressParams = strict({ address: addressText });
export const domainParams = strict({ domain: domainText });

/** In answers. */
export const time = Type.String({ format: 'date-time', examples: ['2026-11-24T08:00:00.000Z'] });
export const timeOrNull = Type.Union([time, Type.Null()]);
export const textOrNull = Type.Union([Type.String(), Type.Null()]);

/** In requests. */
export const futureTime = Type.String({
  format: 'date-time',
  maxLength: 40,
  description: 'in the future',
  examples: ['2027-11-24T08:00:00Z'],
});

/** Octets a mailbox may hold, as LIST would sum them up. */
export const quota = Type.Union([Type.Integer({ minimum: 0, maximum: 2 ** 50 }), Type.Null()], {
  description: 'octets; null: no bound of its own',
  examples: [1_073_741_824],
});

export const idText = Type.String({ pattern: '^[1-9][0-9]{0,17}$', examples: ['12'] });

export function isoOrNull(date: Date | null): string | null {
  return date === null ? null : date.toISOString();
}

/** Nothing is said but that it is done. */
export const noContent = Type.Null({ description: 'Done.' });
