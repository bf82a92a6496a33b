/**
 * Every bound of imports and exports, with its unit and its reason; they are listed in docs/limits.md.
 */

/** A line of an mbox that is longer is passed on in parts and never a From_ line. */
export const mboxLineOctetsMax = 64 * 1024;

/** A From_ line that is longer is part of a message: real ones have less than 300 octets. */
export const fromLineOctetsMax = 1_000;

/** Octets of a header that are searched for X-UIDL, and for fields that do not count when messages are compared. */
export const headerSearchOctetsMax = 1024 * 1024;

/** Characters of a UIDL (RFC 1939 §7). */
export const uidlCharactersMax = 70;

/** Octets of a dovecot-uidlist, and of one line in it: a folder of a million messages has less. */
export const uidListOctetsMax = 512 * 1024 * 1024;
export const uidListLineOctetsMax = 16 * 1024;

/** Lines of a dovecot-uidlist: as many messages as the largest maildrop has, 200 octets of memory each. */
export const uidListLinesMax = 1_000_000;

/** Octets of it that are made lines at once. */
export const uidListSliceOctets = 64 * 1024;

/** Octets of a dovecot-uidlist in an archive, which is kept in memory by its names while the rest comes. */
export const archivedUidListOctetsMax = 64 * 1024 * 1024;

/** Entries of an archive, whatever they are: more than the largest maildrop has messages. */
export const archiveEntriesMax = 2_000_000;

/** Octets of a long name or of a header extension in an archive: real ones have some hundred. */
export const archiveHeaderOctetsMax = 64 * 1024;

/** Octets that an entry of an archive may say it has: what is larger than a message is read past, not kept. */
export const archiveEntryOctetsMax = 64 * 1024 * 1024 * 1024;

/** Pieces of a stream that are smaller are copied into blocks of so many octets, so that none is an object of its own. */
export const gatheredPieceOctetsMin = 4 * 1024;
export const gatheredBlockOctets = 16 * 1024;

/** Messages that are stored in one transaction: it locks the maildrop for some milliseconds. */
export const importBatchMessagesMax = 64;
/** Octets of them. One message alone may have more. */
export const importBatchOctetsMax = 1024 * 1024;

/** Imports at once, each of which may hold its largest message twice; others are told to wait. */
export const importsMax = 4;

/** Octets of one request of an import: what a maildrop has, and a bound for one who sends for ever. */
export const importOctetsMax = 64 * 1024 * 1024 * 1024;

/** Exports at once: each holds a message twice while a client takes it. */
export const exportsMax = 4;

/** Of them, those of tokens of one domain: the others are for other domains and for operators. */
export const importsPerDomainMax = 2;
export const exportsPerDomainMax = 2;

/** A client that takes nothing of an export, or of what an import answers, loses it after this. */
export const transferStallMs = 120_000;

/**
 * Octets a second that it must take on average while it is waited for, over each `transferStallMs`: 60 KiB, one step of
 * a receive buffer on loopback. Below the slowest links in use nobody moves a mailbox.
 */
export const transferOctetsPerSecondMin = 512;

/** Octets of a large message that are handed on at once: its client may take minutes for all of it. */
export const transferSliceOctets = 64 * 1024;

/** Messages listed at once by an export, and those whose count it writes down at once. */
export const exportPageRows = 500;

/** Messages of a Maildir that is given out: the list of its UIDLs goes before them, 100 octets for each. */
export const maildirMessagesMax = 500_000;

/** Octets of a body that an export reads at once. */
export const exportSliceOctets = 1024 * 1024;

/** How often a job says that somebody works on it: a third of its lease. */
export const jobBeatMs = 5_000;

/** Followers of jobs at once on a node: each asks the database once in `jobLookMs`. */
export const jobFollowersMax = 32;

/** Of them, those of tokens of one domain. */
export const jobFollowersPerDomainMax = 16;

/** Pause between two looks at a job that somebody follows. */
export const jobLookMs = 500;

/** A follower hears something at least this often, so that a proxy keeps the connection. */
export const jobHeartbeatMs = 10_000;

/** A follower is let go after this and comes again: its token may have been revoked. */
export const jobFollowMs = 600_000;
