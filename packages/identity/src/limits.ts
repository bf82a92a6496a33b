/**
 * Every bound of this package, with its unit and its reason. `docs/limits.md` repeats them.
 *
 * Never: a bound in here that a stored record or a client can move.
 */

/**
 * Verifications that run at the same time. Each one keeps a core busy for about 10 ms and holds up
 * to `argon2MemoryKibMax` of memory, so two leave room for the clients that are already logged in.
 */
export const verifyConcurrencyMax = 2;

/**
 * Verifications that wait: 256 at 10 ms each are about 1.3 s behind two busy cores. Twice that if all
 * secrets came in a form that is not the prepared one.
 */
export const verifyQueueMax = 256;

/** Octets of a secret. RFC 1939 lines are shorter; a longer one is never worth a hash. */
export const secretOctetsMax = 1024;

/** Characters of a stored hash: more than the longest PHC string that the other bounds allow. */
export const storedCharactersMax = 256;

/** KiB of memory one stored hash may ask for: 256 MiB, above every published recommendation. */
export const argon2MemoryKibMax = 262_144;

/** Passes one stored hash may ask for. */
export const argon2PassesMax = 10;

/** Lanes one stored hash may ask for. */
export const argon2LanesMax = 8;

/** Octets of salt (RFC 9106 §3.1 asks for 8 at least; the library takes 48 at most). */
export const saltOctets = { min: 8, max: 48 } as const;

/** Octets of digest: below 16 it could be guessed; the library takes 64 at most. */
export const digestOctets = { min: 16, max: 64 } as const;

/** Octets of a local part (RFC 5321 §4.5.3.1.1). */
export const localPartOctetsMax = 64;

/** Octets of a domain without its final dot (RFC 1035 §2.3.4 less the length octets). */
export const domainOctetsMax = 253;

/** Octets of one label of a domain (RFC 1035 §2.3.4). */
export const labelOctetsMax = 63;

/** Octets of an address: an RFC 5321 §4.5.3.1.3 path of 256 less its angle brackets. */
export const addressOctetsMax = 254;
