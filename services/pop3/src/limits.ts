/**
 * Every bound of the POP3 front end that is not a setting, with its unit and its reason. Settings
 * (deadlines, caps) are in the configuration; both are listed in docs/limits.md.
 */

/**
 * Output waits in the socket below this before more is produced. With one flush (64 KiB of replies)
 * and one body piece (at most `smallBodyOctetsMax`) on top, a connection never holds 256 KiB.
 */
export const socketPendingOctetsMax = 64 * 1024;

/** Places for connections that a worker begins with; doubled when more than half are taken. */
export const placesMin = 64;

/** Flushes of 64 KiB for one client before the other connections of the thread have a turn. */
export const flushesPerTurnMax = 8;

/** Flushes to a TLS socket that has not told that all is written, before their memory is left to it. */
export const unwrittenFlushesMax = 64;

/** Bodies up to this are read whole by a prepared statement, larger ones are streamed. */
export const smallBodyOctetsMax = 128 * 1024;

/** What a session may hold of messages read ahead of the client's asking. */
export const readAheadOctetsMax = 128 * 1024;
export const readAheadMessagesMax = 64;
/** The same while its client walks the maildrop and keeps up; more rows in a statement save little. */
export const readAheadWalkOctetsMax = 1024 * 1024;
/** What stays of that when its client falls behind: as much waits for it in its socket. */
export const readAheadBehindOctetsMax = 64 * 1024;
/** What all sessions of a worker may have read ahead beyond `readAheadOctetsMax` each. */
export const readAheadSharedOctetsMax = 8 * 1024 * 1024;

/** A client that asks for nothing for this long loses what was read ahead for it. */
export const readAheadIdleMs = 5_000;

/** One slice of a large body for a client too slow to be given a PostgreSQL connection. */
export const sliceOctets = 128 * 1024;

/** TOP reads this much at once behind the header while it looks for its lines. */
export const topSliceOctets = 32 * 1024;

/**
 * How long, in sum over one message, a stream may wait for its client before the PostgreSQL
 * connection is taken away and the rest is sent in slices.
 */
export const streamPatienceMs = 250;

/**
 * What a client must take on average over every `limits.writeStallMs` (ten minutes: 37.5 KiB) while
 * something is pending for it. Far below the slowest links in use (300 octets/s), because a kernel
 * that is full passes octets on in steps: 128 KiB on loopback, a sixteenth of the client's receive
 * buffer elsewhere, so a reader of 300 octets/s moves at least one step in any ten minutes.
 */
export const octetsPerSecondMin = 64;

/** A host that has answered none of the kernel's repetitions for this long is gone. */
export const unansweredMs = 60_000;

/**
 * How often the kernel's queues of slow clients are looked at, all at once and only if there are any:
 * the list has a line for each connection of the machine, 1.5 MB for ten thousand.
 */
export const kernelLookIntervalMs = 5_000;
/** Octets of that list that are read and looked at in one turn of the event loop. */
export const kernelListPieceOctets = 64 * 1024;

/** How often all connections are looked at for passed deadlines: one timer for all of them. */
export const sweepIntervalMs = 1_000;

/** From accept to the end of the PROXY header: a balancer sends it at once, with its first octets. */
export const proxyHeaderTimeoutMs = 5_000;

/** Connections of a worker that wait for their PROXY header; each may hold 4 KiB of it. */
export const proxyWaitingMax = 1_024;

/**
 * A client that another login waits for, and that has taken none of what is pending for this long, is
 * gone: a slow line moves a step in it, and it is well within `writeStallMs`.
 */
export const takeoverStallMs = 60_000;
/** The same for one that has closed its side: two looks at the kernel's queue. */
export const takeoverHalfClosedStallMs = 12_000;
/** The same for one whose host answers none of the kernel's repetitions. */
export const takeoverUnansweredMs = 4_000;
/** It is asked by TCP at once and once more; if neither is answered it is gone, in two seconds. */
export const takeoverProbeDelayMs = 1_000;
export const takeoverProbeIntervalMs = 1_000;
export const takeoverProbesMax = 2;
/** After this keepalive is as it was before. */
export const takeoverProbeMs = 5_000;

/** A session that an administrator ends, or whose node is cut off, may finish its command in this time. */
export const endedGraceMs = 5_000;

/** After the last reply, the client has this long to close its side. */
export const lingerMs = 5_000;

/**
 * The same when the node ends: who has not closed by then is left to the kernel, which still delivers what
 * was said.
 */
export const drainLingerMs = 1_000;

/** How often credentials that changed while they were verified are read again. */
export const staleCredentialTriesMax = 3;

/**
 * Attempts of a worker that wait because their addresses have failed: 10,000 of about 2 KB are 20 MB. One
 * more is refused; who has no failures does not wait and is not.
 */
export const waitingAttemptsMax = 10_000;

/** A port that could not be opened again when a node is to take clients is tried again after this. */
export const reopenDelayMs = 1_000;

/** Kernel queue of connections not yet accepted, for each listener. */
export const acceptBacklog = 4096;

/** TCP keepalive: after this much silence the client is asked whether it is still there. */
export const keepAliveInitialDelayMs = 30_000;
/** Between two of these questions. */
export const keepAliveIntervalMs = 10_000;
/** So many without an answer, and the connection is over: its maildrop is free after a minute. */
export const keepAliveProbesMax = 3;

/** PostgreSQL connections for large bodies, of those a worker may have. */
export const streamConnectionsMax = 4;

/** A drain looks at who is left this often, until nobody is or its deadline has come. */
export const drainPollMs = 100;

/** Names of a client's certificate that are looked at. */
export const certificateNamesMax = 20;

/** Octets of randomness in the server's part of a SCRAM nonce. */
export const scramNonceOctets = 18;
/** Octets of randomness in the timestamp of APOP. */
export const apopTimestampOctets = 16;

/** How often the days on which credentials were used are written down. */
export const lastUseIntervalMs = 30_000;
/** Credentials noted between two of these; more are noted the next time they are used. */
export const lastUsesMax = 1_000;

/** How often the login delays of the domains are read for CAPA. */
export const loginDelaysIntervalMs = 60_000;

/**
 * Failures of a login name or an address, halving in ten minutes, that webhooks are told of: those at which the
 * throttle of a name delays longest, which no person who mistypes reaches.
 */
export const failuresToldMin = 20;
