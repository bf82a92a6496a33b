/**
 * Every bound of this package that is not a setting, with its unit and its reason; they are listed
 * in docs/limits.md.
 */

/** The supervisor asks every worker whether its event loop turns this often. */
export const pingIntervalMs = 1_000;

/** A worker that did not answer for this long is taken to be stuck and is replaced. */
export const stallTimeoutMs = 10_000;

/** From spawn to `ready`; a worker that takes longer has failed to start. */
export const startTimeoutMs = 30_000;

/** Between the exit of a worker and its replacement: doubled each time, within these. */
export const respawnDelayMinMs = 100;
export const respawnDelayMaxMs = 5_000;

/** After this much life a worker's next crash counts as its first. */
export const respawnResetMs = 60_000;

/** A scrape does not wait longer than this for a worker's numbers, then takes its last ones. */
export const scrapeTimeoutMs = 1_000;

/** How often a worker thread looks how late its timers are. */
export const loopWatchIntervalMs = 100;
/** How far back the largest delay of a worker's event loop reaches: longer than the interval of any scraper. */
export const loopMaximumWindowMs = 60_000;
/** Parts of that time, each with a largest of its own: the oldest is forgotten whole. */
export const loopMaximumSlicesMax = 6;

/** Figures of the whole cluster are read from the database once in this time, however often they are asked for. */
export const clusterFiguresKeptMs = 5_000;

/** Spans that wait for the collector of a thread; those that come then are lost. */
export const spansWaitingMax = 4_096;

/** Spans of one request to the collector. */
export const spanBatchMax = 512;

/** How often spans that have gathered are sent. */
export const spanFlushIntervalMs = 1_000;

/** A collector that takes longer loses the spans of the request. */
export const spanExportTimeoutMs = 2_000;

/** An end that takes longer says in the log what it waits for, this often. */
export const endReportIntervalMs = 1_000;

/** After the drain deadline, workers have this long to say so before they are terminated. */
export const drainGraceMs = 1_000;

/** npm forwards a terminal's Ctrl-C, which then arrives twice; within this they are one. */
export const repeatedSignalMs = 1_000;

/** Characters of one write of the log: below PIPE_BUF, so that lines of threads never mix in a pipe. */
export const logWriteCharactersMax = 4_000;

/** Characters of lines that wait to be written, of each thread; those that come then are lost. */
export const logPendingCharactersMax = 1_048_576;

/** Until a pipe or terminal that takes nothing is tried again. */
export const logRetryDelayMs = 100;

/** Last words of a thread or process do not wait longer than this for somebody to read them. */
export const logFlushTimeoutMs = 250;

/** Start of the embedded PostgreSQL, recovery after a crash included. */
export const postgresStartTimeoutMs = 60_000;

/** Fast shutdown of the embedded PostgreSQL, then immediate shutdown, then SIGKILL. */
export const postgresStopTimeoutMs = 20_000;
export const postgresImmediateStopTimeoutMs = 5_000;

/** initdb on a slow disk. */
export const initdbTimeoutMs = 120_000;

/** Between the end of an embedded PostgreSQL that died and its restart. */
export const postgresRestartDelayMinMs = 100;
export const postgresRestartDelayMaxMs = 5_000;

/** What is kept of PostgreSQL's last messages, to say why it did not start. */
export const postgresMessageLinesMax = 20;

/** A line of PostgreSQL's log; the rest of a longer one is dropped. */
export const postgresLineOctetsMax = 8_192;

/** How long a previous PostgreSQL on our directory may take to go away by itself. */
export const postgresLeftoverTimeoutMs = 20_000;

/** How long one who finds the lock of a data directory taken tries again: others may be trying as well, and give up. */
export const nodeLockContentionMs = 50;

/** Life of the self-signed certificate. */
export const selfSignedDays = 3_650;

/** Requests to the ops server are tiny. */
export const opsBodyOctetsMax = 1_024;
export const opsRequestTimeoutMs = 10_000;

/** A socket file is stale when nobody answers on it within this. */
export const socketProbeMs = 1_000;
