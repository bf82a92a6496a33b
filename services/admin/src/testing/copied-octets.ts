/**
 * How much is copied while something runs: what a test can bound where time would depend on the machine.
 *
 * Never: two of them at once; a copy counted that is made while nothing is asked.
 */

interface Copying {
  readonly concat: typeof Buffer.concat;
  readonly copy: typeof Buffer.prototype.copy;
  readonly set: typeof Uint8Array.prototype.set;
}

export interface Copied {
  /** By `Buffer.concat`, `copy` and `set`. */
  readonly octets: number;
  /** The most pieces that were joined at once. */
  readonly piecesMax: number;
}

/** What `run` copies before it answers. */
export function copiedBy(run: () => void): Copied {
  let octets = 0;
  let piecesMax = 0;
  const { concat } = Buffer;
  const { copy } = Buffer.prototype;
  const { set } = Uint8Array.prototype;
  const original: Copying = { concat, copy, set };
  Buffer.concat = (list, total) => {
    const joined = original.concat(list, total);
    octets += joined.length;
    piecesMax = Math.max(piecesMax, list.length);
    return joined;
  };
  Buffer.prototype.copy = function counted(
    this: Buffer,
    target: Uint8Array,
    targetStart?: number,
    ...range: number[]
  ): number {
    const [start, end] = range;
    const copied = original.copy.call(this, target, targetStart, start, end);
    octets += copied;
    return copied;
  };
  Uint8Array.prototype.set = function counted(source, at) {
    octets += source.length;
    original.set.call(this, source, at);
  };
  try {
    run();
  } finally {
    Buffer.concat = original.concat;
    Buffer.prototype.copy = original.copy;
    Uint8Array.prototype.set = original.set;
  }
  return { octets, piecesMax };
}
