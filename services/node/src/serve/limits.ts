/**
 * Every bound of the node process that is not a setting, with its unit and its reason; they are
 * listed in docs/limits.md.
 */

/** A third of a lease: two renewals may fail before it ends. */
export const renewIntervalMs = 5_000;

/** After a failed renewal the next one comes sooner. */
export const renewRetryMs = 1_000;

/** Connections of the embedded server beyond those of the workers: commands, psql, reserve. */
export const spareConnections = 20;
