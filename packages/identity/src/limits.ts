/**
 * Every bound of this package, with its unit and its reason. `docs/limits.md` repeats them.
 *
 * Never: a bound in here that a stored record or a client can move.
 */

/**
 * Verifications that run at the same time in one worker, of which a node has one for each processor. Each keeps
 * a processor busy for about 10 ms and holds up to `argon2MemoryKibMax` of memory. With two, a storm of
 * wrong passwords made those wait twice as long who are known (bench/results/hash-storm.md).
 */
export const verifyConcurrencyMax = 1;

/**
 * Verifications that wait: 256 at 10 ms each are about 2.6 s behind one busy core. Twice that if all
 * secrets came in a form that is not the prepared one.
 */
export const verifyQueueMax = 256;

/**
 * Verifications that wait for one source. A crowd behind one address translation may send so many at
 * once; a source with more of them is refused while there is still room for the others.
 */
export const verifyQueuePerSourceMax = 64;

/**
 * Passwords of one mailbox that one secret is compared with, app passwords aside: each may cost an
 * argon2. A mailbox has one password, and two while it moves from one scheme to another.
 */
export const verifyPasswordsMax = 4;

/** App passwords of one mailbox that one secret is compared with: 2 µs each. */
export const verifyAppPasswordsMax = 64;

/** Octets of a secret. RFC 1939 lines are shorter; a longer one is never worth a hash. */
export const secretOctetsMax = 1024;

/** Characters of a stored hash: more than the longest one that the other bounds allow. */
export const storedCharactersMax = 512;

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

/** Octets of salt in salted digests: LDAP servers make 4 to 16. */
export const digestSaltOctets = { min: 4, max: 64 } as const;

/** Binary logarithm of the rounds a bcrypt string may ask for: 14 is one second of a core. */
export const bcryptCostMax = 14;

/** Blocks of memory (N times r, 128 octets each) a scrypt string may ask for: 128 MiB, as OWASP says. */
export const scryptBlocksMax = 1_048_576;

/** Work (N times r times p) a scrypt string may ask for: four times what OWASP says. */
export const scryptWorkMax = 4_194_304;

/** Parallelism a scrypt string may ask for. */
export const scryptLanesMax = 16;

/** Characters of a PBKDF2 salt that is used as it is written. */
export const pbkdf2SaltCharactersMax = 64;

/** Iterations a PBKDF2 string may ask for: OWASP says 1.3 million for SHA-1, half a second. */
export const pbkdf2IterationsMax = 2_000_000;

/** Iterations below which PBKDF2 is so cheap that a dummy computation has to hide it. */
export const pbkdf2CheapIterationsMax = 60_000;

/** Rounds a SHA-crypt string may ask for: passlib makes 656,000; two seconds of the crypt thread. */
export const shaCryptRoundsMax = 1_000_000;

/** Rounds a SHA-crypt string has at least; crypt(3) never writes fewer. */
export const shaCryptRoundsMin = 1000;

/** Jobs that the crypt thread holds; the verifier's own concurrency is far below. */
export const cryptJobsMax = 64;

/** Ms that the crypt thread may be silent with jobs in it: several times the costliest of them. */
export const cryptSilenceMs = 30_000;

/** MiB of heap of the crypt thread: it holds a few secrets and digests. */
export const cryptHeapMib = 32;

/** Iterations of a SCRAM secret (RFC 5802 §5.1 and RFC 7677 §4 ask for 4096 at least). */
export const scramIterationsMin = 4096;

/** Iterations that a SCRAM secret may ask a client and us for. */
export const scramIterationsMax = 1_000_000;

/** Octets of salt of a SCRAM secret. */
export const scramSaltOctets = { min: 8, max: 64 } as const;

/** Characters of what SCRAM authenticates: three messages of a SASL line each. */
export const scramMessageCharactersMax = 65_536;

/** Characters of an APOP timestamp (RFC 1939 §7: it is in a greeting line of 512 octets). */
export const apopTimestampCharactersMax = 512;

/** Characters of a line of a passwd-file. */
export const passwdLineCharactersMax = 8192;

/** Octets of a local part (RFC 5321 §4.5.3.1.1). */
export const localPartOctetsMax = 64;

/** Octets of a domain without its final dot (RFC 1035 §2.3.4 less the length octets). */
export const domainOctetsMax = 253;

/** Octets of one label of a domain (RFC 1035 §2.3.4). */
export const labelOctetsMax = 63;

/** Octets of an address: an RFC 5321 §4.5.3.1.3 path of 256 less its angle brackets. */
export const addressOctetsMax = 254;
