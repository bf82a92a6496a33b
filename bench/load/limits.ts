/**
 * Every bound of the load generator, with its unit and its reason: a bench that waits for ever
 * measures nothing.
 */

/** A reply that has not come after this long is a fault of the run. */
export const patienceMs = 30_000;

/** How often overdue replies are looked for, all connections at once. */
export const patienceSweepMs = 1_000;

/** Octets of a status line: RFC 2449 §4 allows 512, LMTP servers say a little more. */
export const statusLineOctetsMax = 2_048;

/** Octets kept of what a reply says, where the client has to read it: a listing of 100,000. */
export const keptOctetsMax = 16 * 1024 * 1024;

/** Clients that connect and log in at the same time while a run is prepared. */
export const preparingMax = 32;

/** One read of a socket; all connections of a process share the memory. */
export const readBufferOctets = 256 * 1024;

/** A generator that is not done this long after its seconds are over is stopped. */
export const overtimeMs = 120_000;

/** How long a generator may take to log its clients in and to warm the server up. */
export const preparationMs = 300_000;

/** Addresses of 127.0.0.0/8 that a process connects from: limits by address are not what is measured. */
export const sourceAddressesMax = 64;

/** LMTP connections of a process: mail servers keep a few, and some take no more from one host. */
export const lmtpLinesMax = 8;
