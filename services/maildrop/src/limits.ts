/**
 * Every bound of the maildrop role that is not a setting, with its unit and its reason; they are
 * listed in docs/limits.md. Bounds of one LMTP session are the protocol's.
 */

/** LMTP clients are a few mail servers with some connections each, not people. */
export const connectionsMax = 500;

/** Between two commands (RFC 5321 §4.5.3.2.7: at least 5 minutes). */
export const commandTimeoutMs = 300_000;

/** Between two pieces of a message's data (RFC 5321 §4.5.3.2.5: 3 minutes). */
export const dataTimeoutMs = 180_000;

/** From the reply to STARTTLS to the end of the handshake. */
export const tlsHandshakeTimeoutMs = 10_000;

/** A client that takes none of its replies for this long is cut off. */
export const writeStallMs = 60_000;

/** After the last reply, the client has this long to close its side. */
export const lingerMs = 5_000;

/**
 * The same when the node ends: who has not closed by then is left to the kernel, which still delivers what
 * was said.
 */
export const drainLingerMs = 1_000;

/** How often an ending listener looks whether somebody is waited for in vain. */
export const drainPollMs = 100;

/** How often all connections are looked at for passed deadlines: one timer for all of them. */
export const sweepIntervalMs = 1_000;

/**
 * Replies wait in the socket below this before more are made. With one flush (64 KiB and a reply) on
 * top, a connection never holds 256 KiB.
 */
export const socketPendingOctetsMax = 128 * 1024;

/**
 * Messages being received may take this much memory together, and never less than two of the largest
 * size allowed: one such message must fit with all its dots stuffed.
 */
export const incomingOctetsMin = 256 * 1024 * 1024;

/** Kernel queue of connections not yet accepted, for each listener. */
export const acceptBacklog = 511;

/** Unix sockets are for the owner and the group of the mail server. */
export const unixSocketMode = 0o660;

/** Pause of the purge loop once there is nothing more to purge. */
export const purgeIntervalMs = 5_000;

/** How often dead owners and old receipts are removed: nothing waits for either. */
export const housekeepingIntervalMs = 60_000;

/** Statements that forget receipts or jobs in one go, so that a large backlog does not hold up purging. */
export const forgetRoundsMax = 100;

/** Deleted mailboxes that are worked on in one go, for the same reason. */
export const removeRoundsMax = 20;

/** PostgreSQL connections of this worker: deliveries and purges at the same time. */
export const databaseConnectionsMax = 8;
