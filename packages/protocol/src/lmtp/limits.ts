/**
 * The bounds of an LMTP session, each with its unit and its reason. Bounds of sockets and queues are
 * the service's.
 */

/**
 * Longest command line with its CRLF. RFC 5321 §4.5.3.1.4 asks for 512 octets and every extension adds
 * some (SIZE 26, BODY 17, SMTPUTF8 10); a path alone may be 256.
 */
export const commandLineOctetsMax = 1_024;

/** Longest path, its angle brackets and source route counted (RFC 5321 §4.5.3.1.3). */
export const pathOctetsMax = 256;

/** Longest domain and longest label (RFC 5321 §4.5.3.1.2, RFC 1035 §2.3.4). */
export const domainOctetsMax = 255;
export const labelOctetsMax = 63;

/** Recipients in one transaction. RFC 5321 §4.5.3.1.8 asks for at least 100. */
export const recipientsMax = 1_000;

/** Faulty commands since the last message was taken, before the connection is ended. */
export const faultsMax = 20;

/** First and largest piece of a message in memory: small mail stays small, large mail grows by pieces. */
export const pieceOctetsMin = 8_192;
export const pieceOctetsMax = 65_536;

/** Header lines are folded where they would pass this many characters (RFC 5322 §2.1.1). */
export const headerLineCharactersMax = 78;
