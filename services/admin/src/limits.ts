/**
 * Every bound of the REST API that is not a setting, with its unit and its reason; they are listed in
 * docs/limits.md.
 */

/** Octets of a request's JSON body: names, a password, settings. */
export const bodyOctetsMax = 64 * 1024;

/** The head of a request has this long to arrive. */
export const headTimeoutMs = 30_000;

/**
 * A request has this long to arrive as a whole: a bulk request or an import comes as fast as its rows are stored, and
 * a million passwords take hours to hash.
 */
export const requestTimeoutMs = 24 * 3_600_000;

/** A body must come at this rate in each window of this length; in each window it is looked at so many times. */
export const bodyOctetsPerSecondMin = 512;
export const bodyWindowMs = 60_000;
export const bodyLooksPerWindowMax = 12;

/** A connection on which nothing moves, in either direction, is closed after this; followers of jobs hear a word more often. */
export const silenceTimeoutMs = 120_000;

/** A connection without a request is closed after this. */
export const keepAliveTimeoutMs = 30_000;

/** Connections at once: administrators and their programs, not clients of mail. */
export const connectionsMax = 200;

/** The socket in the data directory is for the user of the node alone. */
export const localSocketMode = 0o600;

/** Kernel queue of its connections that are not yet accepted. */
export const localSocketBacklog = 64;

/** Requests of one address in a minute: what one script does that goes through its mailboxes one by one. */
export const requestsPerMinuteMax = 6_000;

/** Requests of one address in a minute that bring no good token: then it is told to wait. */
export const refusedPerMinuteMax = 60;

/** Throttles cleared in a minute by the tokens of one domain, or by one of all domains. */
export const throttleClearsPerMinuteMax = 60;

/** Addresses whose requests are counted. */
export const countedAddressesMax = 5_000;

/** Rows of one page of a listing, and of one that asks for no number. */
export const pageRowsMax = 500;
export const defaultPageRows = 100;

/** Octets of a cursor: the longest address in base64url, and more than a number. */
export const cursorCharactersMax = 512;

/** Characters of a field that is not known, in what is said of it. */
export const fieldNameCharactersMax = 64;

/** Characters of a request's name that a client gives: a UUID, or what a tracer makes. */
export const requestIdCharactersMax = 64;

/** Characters of If-Match: dozens of tags, of which one is usual. */
export const ifMatchCharactersMax = 1_024;

/** Characters of an IP address: the longest IPv6, with an IPv4 end and a scope. */
export const ipAddressCharactersMax = 64;

/** Characters of what a search looks for. */
export const searchCharactersMax = 100;

/** Passwords that wait to be hashed, 10 ms of a processor each; one at a time, POP3 has logins to verify. */
export const hashesWaitingMax = 256;

/** Characters of a secret in a request: as many octets as one has at most. */
export const secretCharactersMax = 1_024;

/** Characters of a password hash in a request: more than the longest that can be verified. */
export const storedHashCharactersMax = 1_024;

/** Octets of a request with a thousand of them and their addresses. */
export const hashesBodyOctetsMax = 2 * 1024 * 1024;

/** Characters of a client's key for a request: a UUID has 36. */
export const requestKeyCharactersMax = 255;

/** Messages named in one request. */
export const messageIdsMax = 1_000;

/** Figures of the cluster are read from the database once in this time, however many look at them. */
export const overviewKeptMs = 2_000;

/** Nodes that one overview shows: more than a cluster has, also when names come and go for an hour. */
export const overviewNodesMax = 500;

/** Octets of a header that are looked at for its preview: most headers are shorter. */
export const previewOctets = 8_192;

/** Characters of one field that a preview shows. */
export const previewFieldCharactersMax = 1_000;

/** Slices of a thousand messages that one request removes: then it answers, and is sent again. */
export const purgeSlicesMax = 10;

/** Octets of a message that a request brings; a larger one comes by LMTP or import. */
export const injectOctetsMax = 32 * 1024 * 1024;

/** Such requests at once: each holds its message twice. */
export const injectionsMax = 4;

/** Characters of a row of a bulk request: an address and a password. */
export const bulkLineCharactersMax = 8_192;

/** Octets of a bulk request, which is never held as a whole: a million rows. */
export const bulkOctetsMax = 128 * 1024 * 1024;

/**
 * Rows of one bulk request that are stored at once: their commits share a flush of the log. 32 and 64 were no faster (2026-11-26):
 * they wait for the four connections, and so do all others then.
 */
export const bulkRowsAtOnceMax = 8;

/** Bulk requests at once: each keeps several PostgreSQL connections busy. */
export const bulksMax = 4;

/** Injections, and bulk requests, of tokens of one domain: the other places are for other domains and for operators. */
export const injectionsPerDomainMax = 2;
export const bulksPerDomainMax = 2;

/** Seconds after which a request that found no place may come again. */
export const placeRetrySeconds = 5;

/** PostgreSQL connections of this worker. */
export const databaseConnectionsMax = 4;

/** Seconds until a deleted mailbox is removed for good, unless the request says otherwise: 7 days. */
export const deletionGraceSeconds = 604_800;

/** Seconds of the longest grace: as for the undelete window of a domain. */
export const deletionGraceSecondsMax = 31_622_400;

/** Characters of a token's or an app password's label, in octets the most that the schema takes. */
export const labelOctetsMax = 255;

/** Minutes that a node may be told to log at another level before it goes back: a week. */
export const logLevelMinutesMax = 10_080;
