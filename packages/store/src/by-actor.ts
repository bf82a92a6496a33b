/**
 * Who did it: every change of administration has an actor in its audit row.
 */

/** What a caller gives; who did it is `system` unless told. */
export type ByActor<Input extends { readonly actor: string }> = Omit<Input, 'actor'> & {
  readonly actor?: string;
};

export function byActor<Input>(
  input: Input & { readonly actor?: string },
): Input & { actor: string } {
  return { ...input, actor: input.actor ?? 'system' };
}
