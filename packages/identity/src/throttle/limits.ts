/**
 * Every bound of the throttle and of the connection counts, with its unit and its reason. A failure is
 * an attempt with a wrong secret that this account was not tried with within `repeatSeconds`.
 */

/**
 * A score halves in this time, so a client that keeps failing at the longest delay, 4 times a minute,
 * stays near 57 failures, and one that stops is free of delays after about 25 minutes.
 */
export const scoreHalfLifeSeconds = 600;

/** Failures a score counts at most: it is below every level two hours after the last one. */
export const scoreFailuresMax = 4096;

/**
 * Delay of an attempt by the failures of its address (IPv4 /32, IPv6 /64). Ten are free: a few people
 * behind one NAT mistype within ten minutes. Then Dovecot's 2, 4, 8 and 15 s; the highest level is below the
 * 57 failures that 15 s between attempts lead to, so a guesser stays in it.
 */
export const addressDelaysMs = [
  { above: 10, delayMs: 2_000 },
  { above: 20, delayMs: 4_000 },
  { above: 40, delayMs: 8_000 },
  { above: 50, delayMs: 15_000 },
] as const;

/** An IPv6 /48 is one site or many customers of one provider: so many addresses in one. */
export const siteAddressesMax = 8;

/**
 * Delay by the failures for one account from one address. Three are free: a person who mistypes. It
 * holds where all else is waived, for an account that has logged in from there before.
 */
export const pairDelaysMs = [
  { above: 3, delayMs: 2_000 },
  { above: 5, delayMs: 4_000 },
  { above: 8, delayMs: 8_000 },
  { above: 12, delayMs: 15_000 },
] as const;

/**
 * Delay by the failures for one account from anywhere. Never more than two seconds and never a
 * refusal: strangers must not be able to lock an account. It takes the profit out of guessing one
 * password from many addresses.
 */
export const accountDelaysMs = [
  { above: 5, delayMs: 500 },
  { above: 10, delayMs: 1_000 },
  { above: 20, delayMs: 2_000 },
] as const;

/**
 * Attempts of one address wait in line; one that would wait longer is refused. Half of the default
 * login time-out, so that a wait is always answered: 15 attempts at 2 s, or 2 at 15 s.
 */
export const lineWaitMsMax = 30_000;

/**
 * Between two attempts of an address that has no failures: about what a hash costs. So a burst does not
 * reach the hashes before its first failures are counted, and 500 users behind one NAT who come at
 * once after a restart have all been served after five seconds.
 */
export const freshSpacingMs = 10;

/**
 * Between two attempts of accounts that have logged in from an address before, when the address has
 * failures: those who live with a guesser behind one NAT have a line of their own.
 */
export const friendSpacingMs = 200;

/**
 * Between two attempts of an account from an address while it repeats one wrong secret: it raises
 * no score, but it must not keep a core busy.
 */
export const repeatSpacingMs = 1_000;

/** A wrong secret that the account was tried with within this time does not count again. */
export const repeatSeconds = 3_600;

/** An account that logged in from an address is known there for this long: clients poll every day. */
export const friendSeconds = 7 * 86_400;

/** Wrong secrets of `repeatSeconds`: 174,000, which is 48 different ones each second. */
export const repeatsOctets = 4 * 1024 * 1024;

/** Accounts known at their addresses: 699,000 of 24 octets. */
export const friendsOctets = 16 * 1024 * 1024;

/** Scores: 262,000 of 32 octets. A failure makes three or four; the lowest score gives way. */
export const scoresOctets = 8 * 1024 * 1024;

/** Scores of one bucket. */
export const bucketScoresMax = 8;

/** Tries to change a word that other threads change, too; then one failure is not counted. */
export const scoreTriesMax = 16;

/** Slots of a row of connection counts: two addresses share both of theirs once in 268 million. */
export const countSlotsMax = 16_384;
