/**
 * Every bound of sending events to webhooks, with its unit and its reason; they are listed in docs/limits.md.
 * Those of the outbox are the store's.
 */

/** Characters of a URL, as many octets as the schema takes. */
export const urlCharactersMax = 2_048;

/** Addresses of a name that are tried, one at each attempt. */
export const addressesMax = 8;

/** Until the addresses of a name are there. */
export const lookupTimeoutMs = 5_000;

/** Until a name server is asked again; the second time it has twice as long. */
export const queryTimeoutMs = 1_500;

/** How often each name server is asked. */
export const queryTriesMax = 2;

/** Octets of the hosts file that are read: some ten thousand lines. */
export const hostsOctetsMax = 524_288;

/** For so long the addresses of this host are remembered: each check would ask the kernel otherwise. */
export const ownAddressesKeptMs = 1_000;

/** Until a connection stands, TLS included. */
export const connectTimeoutMs = 5_000;

/** Until the head of an answer is there: a receiver that works longer answers first. */
export const headTimeoutMs = 10_000;

/** Of the whole attempt, from the look-up of the name on: half of what a claim lasts. */
export const attemptTimeoutMs = 15_000;

/** Octets of an answer's body that are taken and thrown away, so that most receivers see a normal end. */
export const answerOctetsMax = 4_096;

/** How long the rest of an answer is waited for whose status is there: that says it all. */
export const answerDrainMs = 1_000;

/** Octets of the head of an answer. */
export const answerHeadOctetsMax = 16_384;

/** Requests of one node at once: more than there are webhooks, so that slow ones, which have one each, leave room. */
export const requestsMax = 128;

/** Requests of webhooks of one domain that are under way, from which on none of that domain is begun. */
export const requestsOfDomainMax = 16;

/** A receiver that takes longer, or does not answer, gets one request at a time until it is quick again. */
export const slowAnswerMs = 2_000;

/** Webhooks that are remembered as slow: more than there are, as removed ones stay for a while. */
export const slowWebhooksMax = 1_000;

/** Webhooks of which it is remembered that their refusal was told: more than there are, as removed ones stay for a while. */
export const refusedWebhooksMax = 1_000;

/** How often a node looks for events that are due, while it has sent all it had. */
export const lookIntervalMs = 1_000;

/** The pause behind the first attempt; each further one is twice as long. Up to half of it is left out by chance. */
export const retrySecondsMin = 5;

/** The longest pause. */
export const retrySecondsMax = 3_600;

/** Attempts until an event is a dead letter: some five hours in all. */
export const attemptsMax = 16;

/** How often old rows are removed and backlogs looked at. */
export const tidyIntervalMs = 60_000;

/** Statements of that in one go: the rest is for the next. */
export const tidyRoundsMax = 100;

/** What requests that are under way get when the node ends; then they are broken off and sent by another. */
export const drainMs = 2_000;
