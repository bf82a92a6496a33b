/**
 * Every bound of the OAuth checks, with its unit and its reason. `docs/limits.md` repeats them.
 *
 * Never: a bound in here that a token or a provider can move.
 */

/** Octets of a token: what fits a SASL line (RFC 7628 messages with some kvpairs around it). */
export const tokenOctetsMax = 12 * 1024;
/** Characters of a key id: a provider's are far shorter, and it goes into a comparison only. */
export const keyIdCharactersMax = 256;

/** Octets of any answer of a provider: a set of a hundred RSA keys, or an introspection. */
export const answerOctetsMax = 256 * 1024;
/** From the request to the last octet of the answer. */
export const answerTimeoutMs = 5_000;
/** Until a connection to the provider stands, TLS included. */
export const connectTimeoutMs = 3_000;
/** Connections to a provider for each thread. */
export const providerConnectionsMax = 8;

/** Keys of a set that are looked at. */
export const keysMax = 100;
/** A key set is used this long before it is asked for again. */
export const keySetFreshMs = 10 * 60_000;
/** While the provider is away, a key set goes on being used this long. */
export const keySetStaleMs = 24 * 3_600_000;
/** An unknown key id makes the set be asked for again at most this often: it is a stranger's word. */
export const keySetCooldownMs = 30_000;

/** How far apart the clocks of provider and node may be (RFC 7519 §4.1.4 speaks of minutes). */
export const clockSkewSeconds = 60;

/** Introspections under way for each thread. */
export const introspectionsMax = 16;
/** Introspections that wait; the next is a temporary failure. */
export const introspectionQueueMax = 256;

/** Verdicts that are remembered by the hash of the token. */
export const verdictsMax = 10_000;
/** How long a good token is not asked about again, unless it ends before. */
export const goodVerdictMs = 5 * 60_000;
/** How long a refused one is not. */
export const badVerdictMs = 10_000;
