/**
 * Plays a transcript against a peer and compares every octet that comes back. A peer is a session in
 * memory or a connection to a real node; how the client's octets are cut is the caller's choice.
 *
 * Never: skip a step; accept a reply that nobody expected.
 */

import type { Letter } from './maildrops.ts';
import { topOf, wireForm } from './messages.ts';
import { expand, fill, type Party, type Step, type Transcript } from './transcript.ts';
import { visible } from './wire-client.ts';

export interface Peer {
  /** What `{user}` and the like stand for. */
  readonly names: ReadonlyMap<string, string>;
  readonly letters: readonly Letter[];
  /** Connects the party if it is not connected yet. */
  open(party: Party): Promise<void>;
  send(party: Party, octets: string): Promise<void>;
  /** The next line with its CRLF. */
  line(party: Party): Promise<string>;
  /** Exactly so many octets. */
  octets(party: Party, count: number): Promise<string>;
  upgrade(party: Party): Promise<void>;
  closed(party: Party): Promise<void>;
  cut(party: Party): Promise<void>;
  act(name: string, argument: string): Promise<void>;
  /** Nothing more was said, and the maildrop is what the transcript says. */
  finish(transcript: Transcript): Promise<void>;
}

/** How the octets of the client arrive: step by step, or all of a stretch at once and then cut. */
export type Cutting =
  | { readonly kind: 'lines' }
  | { readonly kind: 'whole' }
  | { readonly kind: 'octets' }
  /** In two, at this offset of all the client says. */
  | { readonly kind: 'at'; readonly offset: number };

/** Octets the client says in all, for choosing offsets to cut at. */
export function octetsSaid(transcript: Transcript, peer: Peer): number {
  let octets = 0;
  for (const step of transcript.steps) {
    if (step.kind === 'send') octets += expand(step.text, peer.names).length;
  }
  return octets;
}

export async function play(transcript: Transcript, peer: Peer, cutting: Cutting): Promise<void> {
  const player = new Player(transcript, peer, cutting);
  for (const stretch of cutting.kind === 'lines' ? eachStep(transcript) : stretches(transcript)) {
    await player.play(stretch);
  }
  await peer.finish(transcript);
}

function eachStep(transcript: Transcript): Step[][] {
  return transcript.steps.map((step) => [step]);
}

/** Steps that may arrive together: one party's, with nothing between them that is not talk. */
function stretches(transcript: Transcript): Step[][] {
  const all: Step[][] = [];
  let last: Step | null = null;
  for (const step of transcript.steps) {
    const isTalk = isTalking(step) && last !== null && isTalking(last);
    if (isTalk && last?.party === step.party) all.at(-1)?.push(step);
    else all.push([step]);
    last = step;
  }
  return all;
}

function isTalking({ kind }: Step): boolean {
  return kind === 'send' || kind === 'line' || kind === 'match' || kind === 'message';
}

class Player {
  readonly #transcript: Transcript;
  readonly #peer: Peer;
  readonly #cutting: Cutting;
  readonly #names: Map<string, string>;
  #offset = 0;

  constructor(transcript: Transcript, peer: Peer, cutting: Cutting) {
    this.#transcript = transcript;
    this.#peer = peer;
    this.#cutting = cutting;
    this.#names = new Map(peer.names);
  }

  async play(stretch: readonly Step[]): Promise<void> {
    const [first] = stretch;
    if (first === undefined) return;
    await this.#peer.open(first.party);
    let said = '';
    for (const step of stretch) {
      if (step.kind === 'send') said += expand(step.text, this.#names);
    }
    for (const piece of this.#cut(said)) await this.#peer.send(first.party, piece);
    for (const step of stretch) await this.#expect(step);
  }

  #cut(said: string): string[] {
    const from = this.#offset;
    this.#offset += said.length;
    if (said === '') return [];
    if (this.#cutting.kind === 'octets') return [...said];
    const at = this.#cutting.kind === 'at' ? this.#cutting.offset - from : 0;
    return at <= 0 || at >= said.length ? [said] : [said.slice(0, at), said.slice(at)];
  }

  async #expect(step: Step): Promise<void> {
    const peer = this.#peer;
    switch (step.kind) {
      case 'send':
        return;
      case 'line':
        // No escapes: server lines are what a person would see.
        this.#same(await peer.line(step.party), `${fill(step.text, this.#names)}\r\n`, step);
        return;
      case 'match':
        this.#match(await peer.line(step.party), step);
        return;
      case 'message': {
        const wire = `${this.#message(step)}.\r\n`;
        this.#same(await peer.octets(step.party, wire.length), wire, step);
        return;
      }
      case 'close':
        return peer.closed(step.party);
      case 'tls':
        return peer.upgrade(step.party);
      case 'cut':
        return peer.cut(step.party);
      case 'do':
        return peer.act(step.act, step.argument);
    }
  }

  #match(line: string, step: Extract<Step, { kind: 'match' }>): void {
    const pattern = step.pattern.replace(/\{([a-z]+)\}/g, (whole, name: string) => {
      const value = this.#names.get(name);
      return value === undefined ? whole : RegExp.escape(value);
    });
    const match = line.endsWith('\r\n') ? new RegExp(pattern).exec(line.slice(0, -2)) : null;
    if (match === null) this.#fail(step, `/${pattern}/`, line);
    for (const [name, value] of Object.entries(match.groups ?? {})) this.#names.set(name, value);
  }

  #message({ number, bodyLines }: Extract<Step, { kind: 'message' }>): string {
    const letter = this.#peer.letters[number - 1];
    if (letter === undefined) throw new Error(`the maildrop has no message ${number}`);
    return bodyLines === null ? wireForm(letter.content) : topOf(letter.content, bodyLines);
  }

  #same(actual: string, expected: string, step: Step): void {
    if (actual !== expected) this.#fail(step, visible(expected), actual);
  }

  #fail(step: Step, expected: string, actual: string): never {
    const { file, name } = this.#transcript;
    const how = JSON.stringify(this.#cutting);
    throw new Error(
      `${file}:${step.lineNumber}: ${name} (${how})\nexpected: ${expected}\nbut said: ${visible(actual)}`,
    );
  }
}
