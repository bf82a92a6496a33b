/**
 * The client's side of SASL over POP3 (RFC 5034 §4): initial responses, challenges and their answers.
 *
 * Never: an answer that the test did not write; a mechanism's rules (those are in scram-client.ts and
 * in the tests).
 */

import type { Pop3Client, Pop3Reply } from './pop3-client.ts';

/** What is said to a challenge: octets, text in UTF-8, or something made of the challenge. */
type Octets = string | Uint8Array;

export type Answer = Octets | ((challenge: Buffer) => Octets | Promise<Octets>);

/** Says `*` instead of an answer (RFC 5034 §4). */
export const cancel: Answer = () => '*';

export interface Exchange {
  readonly mechanism: string;
  /** In the same line as AUTH. */
  readonly initial?: string | Uint8Array;
  /** One for each challenge that is expected. */
  readonly answers?: readonly Answer[];
}

export interface Exchanged {
  readonly reply: Pop3Reply;
  /** What the server asked, in order. */
  readonly challenges: readonly Buffer[];
}

function base64(data: string | Uint8Array): string {
  return Buffer.from(data).toString('base64');
}

/** Runs an exchange to the reply that ends it. A challenge without an answer is an error. */
export async function exchange(client: Pop3Client, wanted: Exchange): Promise<Exchanged> {
  const { mechanism, initial, answers = [] } = wanted;
  const first = initial === undefined ? '' : ` ${base64(initial) || '='}`;
  client.wire.write(`AUTH ${mechanism}${first}\r\n`);
  const challenges: Buffer[] = [];
  for (;;) {
    const said = await client.challengeOrReply();
    if (!Buffer.isBuffer(said)) return { reply: said, challenges };
    const answer = answers[challenges.length];
    challenges.push(said);
    if (answer === undefined) client.wire.fail(`no answer to the challenge ${said}`);
    const octets = typeof answer === 'function' ? await answer(said) : answer;
    client.wire.write(answer === cancel ? '*\r\n' : `${base64(octets)}\r\n`);
  }
}

/** RFC 4616 §2 in one step. */
export async function authPlain(
  client: Pop3Client,
  who: { readonly name: string; readonly secret: string; readonly authzid?: string },
): Promise<Pop3Reply> {
  const { name, secret, authzid = '' } = who;
  const initial = `${authzid}\0${name}\0${secret}`;
  return (await exchange(client, { mechanism: 'PLAIN', initial })).reply;
}
