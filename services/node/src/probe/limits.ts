/**
 * Every bound of a probe login that is not a setting, with its unit and its reason; they are listed in
 * docs/limits.md.
 */

/** From the connection to the end: a login may wait 3 s for a maildrop in use, and a user gives up as well. */
export const probeTimeoutMs = 10_000;

/** Octets of an answer that are kept: a header of the probe's own mailbox. */
export const probeAnswerOctetsMax = 256 * 1024;

/** An outcome is given out again for so long, so that whoever asks the ops port cannot have a login for each request. */
export const probeKeepMs = 1_000;
