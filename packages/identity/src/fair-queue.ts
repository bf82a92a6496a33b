/**
 * A bounded queue that serves its sources in turn, so that one that sends hundreds delays itself.
 *
 * Theory of operation. Each source with something waiting has a line of its own, first come first
 * served; `shift` takes from the source whose turn it is and puts that source behind the others. A full
 * queue takes a newcomer from a source with a short line at the expense of the youngest in the longest line,
 * so a crowd of few sources cannot keep the others out either.
 *
 * Never: more than `max` entries, or `perSourceMax` of one source; a source without entries.
 */

export interface FairQueueBounds {
  readonly max: number;
  readonly perSourceMax: number;
}

export class FairQueue<Entry> {
  readonly #bounds: FairQueueBounds;
  /** In the order of their turns. */
  readonly #lines = new Map<string, Entry[]>();
  #size = 0;

  constructor(bounds: FairQueueBounds) {
    this.#bounds = bounds;
  }

  get size(): number {
    return this.#size;
  }

  /** Adds an entry; returns the one that has no place now, perhaps that very entry, or null. */
  push(source: string, entry: Entry): Entry | null {
    const { max, perSourceMax } = this.#bounds;
    const line = this.#lines.get(source);
    const waiting = line?.length ?? 0;
    if (waiting >= perSourceMax) return entry;
    let displaced: Entry | null = null;
    if (this.#size >= max) {
      const longest = this.#longest();
      // Nobody gives way to a line that would become as long as its own.
      if (longest === undefined || waiting + 1 >= longest.length) return entry;
      displaced = longest.pop() ?? null;
    } else this.#size += 1;
    if (line === undefined) this.#lines.set(source, [entry]);
    else line.push(entry);
    return displaced;
  }

  /** Takes the entry whose turn it is. */
  shift(): Entry | undefined {
    for (const [source, line] of this.#lines) {
      const entry = line.shift();
      this.#lines.delete(source);
      if (line.length > 0) this.#lines.set(source, line);
      this.#size -= 1;
      return entry;
    }
    return undefined;
  }

  /** One look at every line, and only when the queue is full; there are no more lines than entries. */
  #longest(): Entry[] | undefined {
    let longest: Entry[] | undefined;
    for (const line of this.#lines.values()) {
      if (line.length > (longest?.length ?? 0)) longest = line;
    }
    return longest;
  }
}
