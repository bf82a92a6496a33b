/**
 * Every bound of the tag tables and of the verification cache, with its unit and its reason. How
 * large the cache is and how long it trusts are settings (`auth.cacheOctets`, `auth.cacheSeconds`).
 */

/** Tags of one bucket: enough that a table loses few tags before it is full, few enough to look at all. */
export const bucketTagsMax = 8;

/**
 * What a tagger's own buffer holds: a name and a secret of `secretOctetsMax` with their lengths. What
 * is longer gets a buffer of its own and is slower, not refused.
 */
export const taggedOctetsMax = 2048;
