/**
 * Every bound of the console, with its unit and its reason; they are listed in docs/limits.md.
 */

/** An answer of the API is waited for this long; then the page says that there is none. */
export const answerWithinMs = 20_000;

/** The overview is asked for this often: nodes say what they count every 5 seconds. */
export const overviewIntervalMs = 3_000;

/** Sessions, nodes, jobs and deliveries are listed anew this often, while the page is looked at. */
export const listIntervalMs = 5_000;

/** Points of a chart: ten minutes of reports. */
export const chartPointsMax = 120;

/** Lines of one chart: more nodes than this are told apart in the table, not by colour. */
export const chartLinesMax = 6;

/** Rows of one page of a table. */
export const pageRows = 50;

/** Characters of a password that the page makes: 20 of 32 letters are 100 random bits. */
export const passwordCharacters = 20;

/** A search begins when nothing was typed for this long. */
export const typingPauseMs = 250;

/** A stream of events that broke is begun anew after this. */
export const streamAgainMs = 3_000;

/** A stream that says nothing for so long is broken: its heartbeats come every 10 seconds. */
export const streamSilenceMs = 30_000;

/** Characters of one event: a job has some hundreds. */
export const eventCharactersMax = 100_000;

/** Progress is read out when it has grown by so many hundredths, not with each message. */
export const progressPercentMin = 10;

/** Seconds of a domain's login delay, as the API has it: a day. */
export const loginDelaySecondsMax = 86_400;

/** Seconds of a domain's undelete window, as the API has it: 366 days. */
export const undeleteWindowSecondsMax = 31_622_400;
