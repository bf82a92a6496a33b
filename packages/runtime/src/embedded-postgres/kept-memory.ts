/**
 * Memory that a server process of PostgreSQL keeps for its next statement, as variables of glibc's malloc;
 * without glibc they mean nothing.
 *
 * A message leaves PostgreSQL in rows of 128 KiB, and each of them is copied twice in memory that is asked
 * for and given back. Left to itself, malloc gives it back to the kernel every time, and a fifth of what a message of
 * 1 MB costs is the making of pages that were there a moment ago (docs/decisions/0031-memory-that-postgresql-keeps.md).
 *
 * Never: more kept by an idle process than `MALLOC_TRIM_THRESHOLD_` says.
 */

const kibi = 1024;
const mebi = 1024 * kibi;

/** For the environment of the server; a bench's is to be as the shipped one. */
export const keptMemory = {
  /** Free memory at the top of the heap that is not given back. */
  MALLOC_TRIM_THRESHOLD_: String(4 * mebi),
  /** What is asked of the kernel at once. */
  MALLOC_TOP_PAD_: String(mebi),
  /** What is larger is mapped by itself. */
  MALLOC_MMAP_THRESHOLD_: String(mebi),
};
