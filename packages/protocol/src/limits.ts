/**
 * Every bound of this package, with its unit and its reason. A bound that is a policy of the site
 * belongs into configuration; these belong to the protocol or keep a stranger from costing memory.
 */

// Lines

/** Octets of a POP3 command line with its end. RFC 2449 §4 asks for 255; Dovecot and Exchange take 512. */
export const commandLineOctetsMax = 512;
/** Octets of an AUTH line or SASL response with its end: OAuth tokens pass 4 KiB, none known 12 KiB. */
export const saslLineOctetsMax = 16 * 1024;
/** Octets of the local part of a name that logs in (RFC 5321 §4.5.3.1.1). */
export const localPartOctetsMax = 64;
/** Octets of its domain (RFC 5321 §4.5.3.1.2). */
export const domainPartOctetsMax = 255;
/** Octets of what a client calls itself: two such names and what separates them (`login-name.ts`). */
export const nameOctetsMax = 641;
/** Characters of a SASL mechanism's name (RFC 4422 §3.1). */
export const mechanismNameOctetsMax = 20;
/** Octets of a SCRAM nonce, the client's or ours: five times what libraries send. */
export const scramNonceOctetsMax = 128;
/** Rounds of SCRAM's hash (RFC 5802 §5.1, RFC 7677 §4): with fewer a stolen record is soon guessed. */
export const scramIterationsMin = 4096;
/** Characters of the timestamp in the greeting, so that the line stays far below 512 octets. */
export const timestampCharactersMax = 200;
/** Characters of each text in an OAuth challenge: a list of scopes, an address. */
export const oauthTextCharactersMax = 1024;
/** Digits of a message number: a maildrop of ten thousand million messages is far out of reach. */
export const messageNumberDigitsMax = 10;
/** Characters of the host name in the greeting, so that the line stays far below 512 octets. */
export const hostNameOctetsMax = 255;

// What a stranger may do

/** Octets of input handled before login, over the whole connection: many small things add up too. */
export const inputBeforeLoginOctetsMax = 64 * 1024;
/** Unrecognised commands in a row before login: a client that speaks another protocol, or a scanner. */
export const unrecognisedBeforeLoginMax = 10;
/** Unrecognised commands in a row after login: a confused client, not a stranger. */
export const unrecognisedAfterLoginMax = 50;
/** Refused secrets in one connection: each costs a password hash. */
export const failedLoginsMax = 5;
/** Logins of one connection that came to nothing, whatever the reason: each costs a look-up and a log line. */
export const refusedLoginsMax = 20;
/** SCRAM exchanges begun in one connection, whatever became of them: each looks a name up. */
export const scramBeginsMax = 10;

// Output

/** Octets pending at which `next()` asks for a flush: one large write, and no more in memory. */
export const outputHighWaterOctets = 64 * 1024;
/** Octets above which output is passed on by reference: below, copying costs less than one more write. */
export const copyOctetsMax = 8 * 1024;
/** Octets of a slab that small output is packed into; it is put back when that has been written. */
export const slabOctets = 32 * 1024;
/** Slabs a thread keeps for the next who have something to say. */
export const slabsKeptMax = 64;
/** Messages in one block of a LIST or UIDL reply: a block of longest lines is below the high-water mark. */
export const listingBlockMessages = 512;
/** Characters of a UIDL (RFC 1939 §7). */
export const uidlOctetsMax = 70;
