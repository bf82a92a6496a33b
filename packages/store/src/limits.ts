/**
 * Every bound of the store, with its unit and its reason. A service may narrow some through
 * `StoreOptions`; nothing waits, queues or grows without a line here.
 */

/** A connection that takes longer is to a host that is gone. */
export const connectTimeoutMs = 5_000;
/** The same where the database URL names several hosts: the next one may answer at once. */
export const hostConnectTimeoutMs = 2_000;
/** Hosts of a database URL: each may cost a time-out before the next is tried. */
export const databaseHostsMax = 8;
/** How long a server may take to hear that what it does is not waited for any more. */
export const cancelTimeoutMs = 2_000;

/** Back-off between attempts to re-create the pipelined connection: doubled from first to last. */
export const reconnectDelayMinMs = 50;
export const reconnectDelayMaxMs = 2_000;

/** Server-side bound of a pipelined statement; each is a few index look-ups. */
export const shortStatementTimeoutMs = 10_000;
/** Server-side bound of a statement that writes or reads much: a 100 MB delivery, a large QUIT. */
export const workStatementTimeoutMs = 60_000;
/** Server-side bound of one COPY: callers give up on slow clients long before. */
export const streamStatementTimeoutMs = 600_000;

/** Beyond its statement timeout a server that stays silent this long is cut off. */
export const responseGraceMs = 2_000;
/** A server that is told goodbye has this long to answer what is under way and close its side. */
export const endWaitMs = 5_000;
/** How often silence is looked for. */
export const watchdogIntervalMs = 1_000;

/** Connections per worker for flags, deliveries, bodies and administration. */
export const workConnectionsMax = 4;
/** Connections per worker for COPY. */
export const streamConnectionsMax = 4;
/** Callers that may wait for a pooled connection before the next is refused. */
export const poolQueueMax = 1_024;
/** How long one of them waits. */
export const poolWaitMs = 10_000;
/** An unused pooled connection is closed after this. */
export const poolIdleMs = 60_000;

/** Requests in one statement of a batch: beyond 64 the cost of each hardly falls any more. */
export const batchMax = 128;
/** Between two batches of opens and closes of a busy worker: what a login or a logout may wait so that many share one. */
export const batchDistanceMs = 8;
/** Requests that may wait for the next batch before the next is refused. */
export const batchQueueMax = 4_096;

/**
 * Opens of one mailbox that stand in a worker at once: the next is told that it is in use. Only one can have it, and
 * each needs a batch of its own.
 */
export const opensOfMailboxMax = 16;

/**
 * How long `open` asks again for a maildrop in use when its caller sets nothing: covers a QUIT that is
 * committing. A node sets `limits.lockWaitMs`.
 */
export const lockWaitMs = 2_000;
/** First pause of those attempts; doubled each time. */
export const lockRetryMinMs = 100;

/** The owner of a mailbox in use is asked once in this time, however many want it. */
export const questionIntervalMs = 1_000;
/** Mailboxes remembered for that; while there are more, the owners of others are not asked. */
export const questionsRememberedMax = 1_024;
/** A line that hears questions is tried this often: one that was cut without a word hears none. */
export const listenIntervalMs = 10_000;

/** A release whose row was locked is tried again this often, then left to a new epoch. */
export const closeAttemptsMax = 8;
/** First pause of those attempts; doubled each time up to the second. */
export const closeRetryMinMs = 250;
export const closeRetryMaxMs = 8_000;

/**
 * Octets of snapshots each worker keeps when its caller sets nothing; a message takes 56. A node sets
 * `limits.snapshotCacheOctets`.
 */
export const snapshotCacheOctets = 64 * 1024 * 1024;
/** Maildrops with at most this many messages are listed on the pipelined connection. */
export const smallSnapshotMessages = 2_000;

/** Bodies asked for in one call; callers bound the octets, which they know. */
export const readBodiesMax = 256;
/** Bodies that one call asks for in a statement of its own: what it saves for each outweighs one more. */
export const readBodiesAloneMin = 16;
/** Octets of a body that a slice may have: one row, held whole in memory. */
export const sliceOctetsMax = 4 * 1024 * 1024;
/** Octets a body stream holds for its reader before PostgreSQL has to wait. */
export const streamBufferOctets = 256 * 1024;
/** Buffered octets at which PostgreSQL may go on. */
export const streamResumeOctets = 128 * 1024;
/** A COPY whose reader takes nothing for this long loses its connection. */
export const streamStallMs = 10_000;
/** Octets that are read from PostgreSQL at once: what a unix socket holds. All links of a thread share it. */
export const readOctetsMax = 256 * 1024;
/** Octets of statements that are joined to be written as one. */
export const joinedOctetsMax = 16 * 1024;
/** Octets of the smallest and the largest block that a body is lent, powers of two; a larger one is its own. */
export const lentBlockOctetsMin = 1024;
export const lentBlockOctetsMax = 256 * 1024;
/** Octets of blocks a thread keeps for the next bodies. */
export const lentKeptOctets = 4 * 1024 * 1024;
/** Octets of a piece of a stream: what a client that does not read holds is counted in these. */
export const streamPieceOctets = 64 * 1024;
/** Octets of each row of a COPY. */
export const streamRowOctets = 128 * 1024;

/** How long `flag` tries to learn what became of a COMMIT. */
export const settleMs = 20_000;
/** Pauses between those attempts. */
export const settleRetryMinMs = 50;
export const settleRetryMaxMs = 2_000;
/** Messages one QUIT may flag. */
export const flagMessagesMax = 1_000_000;

/** Recipients of one delivery transaction. */
export const deliveriesMax = 1_000;
/** Octets of a body: PostgreSQL's field limit is 1 GB, and it needs several copies in memory. */
export const bodyOctetsMax = 256 * 1024 * 1024;

/** Messages one statement of the purge removes: keeps its locks and WAL bursts short. */
export const purgeSliceMessages = 1_000;
/** Slices of one mailbox's messages removed in one call: then others have their turn. */
export const removeSlicesMax = 20;
/** How long a purge keeps a receipt to itself before another node may continue it. */
export const purgeClaimSeconds = 300;
/** Receipts forgotten in one statement. */
export const forgetReceiptsMax = 1_000;
/** How long a receipt is kept after its purge: far longer than anyone asks what became of a QUIT. */
export const receiptKeptHours = 24;

/** The lease of a worker: nodes renew it three times as often, so the third renewal missed is the end of it. */
export const leaseSeconds = 15;
/** Owners whose lease ended this long ago are removed. */
export const ownerKeptHours = 1;

/** The lease of a job: three missed signs of whoever works on it, and it is interrupted. */
export const jobLeaseSeconds = 15;
/** How long a job is kept that nothing was heard of: whoever wants to go on has come back long before. */
export const jobKeptDays = 30;
/** Jobs forgotten in one statement. */
export const forgetJobsMax = 1_000;

/** How long the key of a request is known, and what was answered to it. */
export const requestKeyKeptHours = 24;
/** A request with a key is answered by then, or its process has died: two statements, each with its wait for a connection. */
export const requestKeyClaimSeconds = 150;
/** Keys that one actor may have in that day: they are counted with each new one, and beyond them requests come in bulk. */
export const requestKeysPerActorMax = 20_000;
/** Attempts to claim a key that others claim and give back meanwhile. */
export const claimRequestKeyTriesMax = 5;
/** Keys forgotten in one statement. */
export const forgetRequestKeysMax = 1_000;

/** Rows of one page of a listing. */
export const pageRowsMax = 1_000;

/** Octets of a header that a preview of a message may have. */
export const previewOctetsMax = 16_384;

/** Logins each worker remembers; one takes about 400 octets. */
export const loginCacheEntriesMax = 50_000;
/** How long one is remembered: beyond the pauses between polls of most clients. */
export const loginCacheTtlMs = 3_600_000;

/** App passwords of one mailbox: each may cost a hash when another password is wrong. */
export const appPasswordsMax = 50;
/** Names of client certificates of one mailbox. */
export const certificateNamesMax = 50;
/** Names under which one mailbox logs in, its address included. */
export const loginNamesMax = 100;
/** Rows of one import of passwords: one transaction, each row of which is locked until its end. */
export const importRowsMax = 1_000;
/** Credentials noted as used in one statement. */
export const touchedCredentialsMax = 1_000;

/** Penalties a node adds in one exchange: what is more is the caller's to choose from. */
export const penaltiesAddedMax = 1_000;
/** Penalties of others that one exchange answers; what is more comes with the next. */
export const penaltiesReadMax = 5_000;
/** How long penalties are kept for nodes that have not read them, or have just started. */
export const penaltyKeptSeconds = 900;
/** Old penalties removed in one exchange: more than were added in most. */
export const penaltiesPurgedMax = 2_000;
/** Scores that one order of an administrator clears: all login names of a mailbox and its address. */
export const throttlesClearedMax = 128;

/** Webhooks of the cluster: each is looked at for every event that it may want. */
export const webhooksMax = 100;
/** Of one domain, so that no domain takes the place of all others. */
export const webhooksOfDomainMax = 10;
/** Events of one webhook that are counted for a listing. */
export const webhookCountMax = 10_000;
/** Hours for which requests are signed with the former secret too, so that receivers can be changed. */
export const formerSecretHours = 24;
/** Events of one webhook that are claimed at once: so many requests reach its receiver together. */
export const webhookClaimRowsMax = 8;
/** Likewise of a webhook of one domain, of which there may be ten. */
export const webhookClaimRowsOfDomainMax = 4;
/** Seconds until another node takes an attempt up: twice what one may take. */
export const webhookClaimSeconds = 30;
/** Events that may wait for one webhook; then it is suspended, so that a receiver that is away fills no disk. */
export const webhookBacklogMax = 100_000;
/** Rows of events that one statement removes or makes dead. */
export const webhookRowsPurgedMax = 1_000;
/** Hours for which an event that was delivered can be seen and sent again. */
export const webhookDeliveredKeptHours = 24;
/** Hours for which a dead letter can be: 30 days. */
export const webhookDeadKeptHours = 720;
/** How often a node reads which events are wanted, should it not have heard of a change. */
export const subscriptionsIntervalMs = 10_000;
/** Names and addresses with many failures that a worker remembers having told of. */
export const failuresToldMax = 1_024;
/** For so long it does not tell of one again: the database keeps to one in an hour anyway. */
export const failuresToldMs = 600_000;
