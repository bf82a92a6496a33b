/**
 * Every bound of the commands, with its unit and its reason. `docs/limits.md` repeats them.
 */

/** Connections of an embedded server that runs for one command only. */
export const commandConnectionsMax = 20;

/** Octets read from an input file at once. */
export const readChunkOctets = 256 * 1024;

/** Files taken from one folder: their names are sorted in memory, about 300 octets each. */
export const folderEntriesMax = 2_000_000;

/** Messages that one request of an import brings: what is lost with it is sent again. */
export const importRequestMessagesMax = 256;
/** Octets of them. One message alone may have more. */
export const importRequestOctetsMax = 4 * 1024 * 1024;

/** How often an import tries to go on without any progress: longer than a node's lease lasts. */
export const importTriesMax = 9;
/** First pause of those attempts; doubled each time up to the second. */
export const importRetryMinMs = 200;
export const importRetryMaxMs = 5_000;

/** What a report names one by one, of messages and lines skipped and of those with a new UIDL. */
export const namedMax = { text: 20, json: 10_000 } as const;

/** Pause between two states of the progress line, on a terminal and elsewhere. */
export const progressIntervalMs = { terminal: 100, lines: 5_000 } as const;

/** Octets of a line of a passwd-file or a list of mailboxes; a longer one is skipped. */
export const textLineOctetsMax = 16 * 1024;
/** Names of one passwd-file that are remembered, to find those that come twice: 100 octets each. */
export const passwdNamesMax = 5_000_000;
/** Hashes made at once of passwords in clear: one for each thread of the pool they are made in. */
export const hashesAtOnceMax = 4;

/** Password hashes that one request takes over: the API takes as many. */
export const passwordHashRows = 1_000;

/** Mailboxes that one request makes: what is lost with it is sent again, and progress is shown between two. */
export const bulkRequestRows = 200;

/** How long `session kick` waits for the session to end: its worker gives it five seconds. */
export const kickWaitMs = 10_000;
/** How often it looks. */
export const kickPollMs = 100;

/** How long a command waits for the REST API to answer: its statements have bounds of their own. */
export const apiTimeoutMs = 120_000;

/** How long it waits for a node that may run on the data directory to say that it is there. */
export const apiProbeTimeoutMs = 5_000;
/** Rows asked of it at once; it gives 500 at most. */
export const apiPageRows = 500;

/** Octets of a message that `message inject` reads: the API takes as many. */
export const injectedOctetsMax = 32 * 1024 * 1024;

/** Pause between two looks of `job follow`. */
export const jobPollMs = 1_000;

/** Pause between two looks of `top`. */
export const topIntervalMs = 2_000;
/** A node is silent for it when it has not told of itself for this long: two tellings are missing, and its lease still runs. */
export const nodeSilentMs = 11_000;
/** Open maildrops that it shows. */
export const topRows = 40;

/** How long `node drain` waits for the node to hear of it: two renewals. */
export const drainWaitMs = 12_000;
/** How often it looks. */
export const drainPollMs = 200;
