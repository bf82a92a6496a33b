/**
 * Whether a client takes what it is given. While something waits for it, it must take so many octets in each window:
 * one that takes nothing is lost, and so is one that takes a little now and then to keep its place for days.
 *
 * The time in which nothing waits for it does not count: an import that answers rarely is not a slow reader.
 *
 * Never: a client lost for what the database or its own upload took.
 */

import { transferOctetsPerSecondMin, transferSliceOctets, transferStallMs } from './limits.ts';

export interface Pace {
  readonly windowMs: number;
  /** That must be taken in a window of waiting. */
  readonly octetsMin: number;
}

const transferPace: Pace = {
  windowMs: transferStallMs,
  octetsMin: (transferOctetsPerSecondMin * transferStallMs) / 1_000,
};

type Piece = string | Uint8Array;

/** The same pieces, large ones in slices: what was taken of a message of many MB would be told at its end alone. */
export async function* paced(
  pieces: AsyncGenerator<Piece>,
  lost: () => void,
  { windowMs, octetsMin }: Pace = transferPace,
): AsyncGenerator<Piece> {
  let waitedMs = 0;
  let takenOctets = 0;
  const judge = (): void => {
    if (takenOctets < octetsMin) lost();
    waitedMs = 0;
    takenOctets = 0;
  };
  for await (const piece of pieces) {
    for (const slice of slicesOf(piece)) {
      const begun = performance.now();
      // Within one slice nothing more is taken, so its end is told at the latest one window after.
      const stalled = setTimeout(lost, windowMs);
      try {
        yield slice;
      } finally {
        clearTimeout(stalled);
      }
      waitedMs += performance.now() - begun;
      takenOctets += Buffer.byteLength(slice);
      if (waitedMs >= windowMs) judge();
    }
  }
}

function* slicesOf(piece: Piece): Generator<Piece> {
  if (typeof piece === 'string' || piece.byteLength <= transferSliceOctets) {
    yield piece;
    return;
  }
  for (let at = 0; at < piece.byteLength; at += transferSliceOctets) {
    yield piece.subarray(at, at + transferSliceOctets);
  }
}
