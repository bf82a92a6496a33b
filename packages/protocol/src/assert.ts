/**
 * What must hold if our own code is right. A client can never cause one of these: what a client
 * does wrong is a reply.
 *
 * Never: use these for anything that came over a connection.
 */

/** A broken invariant of ours; it ends the connection it concerns. */
export class BrokenInvariant extends Error {
  override readonly name = 'BrokenInvariant';
}

/** @throws BrokenInvariant if the condition is false; the text names the invariant. */
export function assert(condition: boolean, invariant: string): asserts condition {
  if (!condition) throw new BrokenInvariant(invariant);
}
