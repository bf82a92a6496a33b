/**
 * The maildrops that transcripts name in their heads. Sizes are part of the texts that are expected:
 * `two-messages` is the maildrop of RFC 1939's examples, 120 and 200 octets.
 *
 * Never: change a message without counting its octets again.
 */

import { lines, messageOfOctets } from './messages.ts';

export interface Letter {
  /** One character an octet. */
  readonly content: string;
  /** A UIDL that another server gave it. */
  readonly uidl?: string;
}

const dotted = lines('Subject: dots', '', '.', '..two', 'a.b', '.end');
const bareEnds = 'Subject: ends\n\none\rtwo\nthree';
const fiveLines = lines('Subject: five', '', 'one', 'two', 'three', 'four', 'five');

const maildrops: Readonly<Record<string, readonly Letter[]>> = {
  empty: [],
  'two-messages': [{ content: messageOfOctets(120) }, { content: messageOfOctets(200) }],
  'three-messages': [
    { content: messageOfOctets(120) },
    { content: messageOfOctets(200) },
    { content: messageOfOctets(300) },
  ],
  'five-messages': [101, 102, 103, 104, 105].map((octets) => ({
    content: messageOfOctets(octets),
  })),
  /** The first octet of the first one is a dot. */
  dots: [{ content: `.first: dot\r\n${dotted}` }, { content: dotted }],
  /** Bare CR and LF, and no end of the last line. */
  'line-ends': [{ content: bareEnds }, { content: 'Subject: cr\r\n\r\n.a\rb\r' }],
  'top-lines': [
    { content: fiveLines },
    { content: lines('Subject: header only') },
    { content: lines('', 'no header') },
  ],
  migrated: [
    { content: messageOfOctets(120), uidl: '000001f44a3b5c6d' },
    { content: messageOfOctets(200) },
    { content: messageOfOctets(130), uidl: `!"~${'x'.repeat(67)}` },
  ],
  large: [{ content: messageOfOctets(200_000) }, { content: messageOfOctets(120) }],
};

/** What `do deliver NAME` delivers while a session is open. */
export const newcomers: Readonly<Record<string, Letter>> = {
  small: { content: messageOfOctets(150) },
};

export function maildropNamed(name: string): readonly Letter[] {
  const letters = maildrops[name];
  if (letters === undefined) throw new Error(`there is no maildrop named ${name}`);
  return letters;
}
