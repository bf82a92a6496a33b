/**
 * When a message was received, of whatever number an archive, a file or a line says.
 *
 * Never: a date that PostgreSQL or the date of an export could not hold, or an error because of one: a message
 * with a broken date is taken as one without.
 */

/** The last one of four digits: what is behind it is written in a form that PostgreSQL does not read. */
const lastMs = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

/** Null for what is not between 1970, which stands for nothing in archives, and the year 9999. */
export function receivedAtOf(ms: number): Date | null {
  const whole = Math.round(ms);
  return whole > 0 && whole <= lastMs ? new Date(whole) : null;
}
