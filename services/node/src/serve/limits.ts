/**
 * Every bound of the node process that is not a setting, with its unit and its reason; they are
 * listed in docs/limits.md.
 */

import { leaseSeconds } from '@poplar/store';

/** A third of a lease: two renewals may fail before it ends. The lease itself is the store's. */
export const renewIntervalMs = (leaseSeconds * 1_000) / 3;

/**
 * Server-side bound of a renewal; a server that stays silent is left two seconds later. So one hung
 * connection costs less than the time a lease has left when it should have been renewed.
 */
export const renewStatementTimeoutMs = 2_000;

/** After a failed renewal the next one comes sooner. */
export const renewRetryMs = 1_000;

/**
 * Sessions end when their lease has been over for this long: a fail-over that takes no longer costs none
 * of them, and a client waits half a minute at most for a node that is cut off.
 */
export const cutOffGraceMs = 15_000;
/** Renewals that must have failed in a row by then: a process that was asleep tries again first. */
export const cutOffRetriesMin = 3;

/** Penalties reach other nodes after this long: a guesser gains a few attempts by going around. */
export const penaltyIntervalMs = 2_000;

/** Penalties sent at once; what is more waits for the next time. 1,000 are 250 failures. */
export const penaltyRowsMax = 1_000;

/** A node tells the cluster what it counts this often: one small row, and charts that move. */
export const reportIntervalMs = 5_000;

/** The level of the log that was ordered stands so long when the database says nothing any more. */
export const orderKeptMs = 60_000;

/** Connections of the embedded server beyond those of the workers: commands, psql, reserve. */
export const spareConnections = 20;
