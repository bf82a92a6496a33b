/**
 * Messages that have broken mail servers, each under a name, and an oracle that says what becomes of
 * a message: deliberately the plainest code possible, and no code of the server's.
 *
 * Text is one character an octet (latin1) throughout, so that octets can be written in a literal.
 *
 * Never: randomness that is not seeded; anything imported from the packages under test.
 */

/** Lines that end with CRLF. */
export function lines(...texts: readonly string[]): string {
  return texts.map((text) => `${text}\r\n`).join('');
}

/** Every end of line, bare CR and bare LF included, as CRLF, and one at the end (RFC 1939 §11). */
export function normalised(content: string): string {
  const text = content.replace(/\r\n|\r|\n/g, '\r\n');
  return text === '' || text.endsWith('\r\n') ? text : `${text}\r\n`;
}

/** As it goes over the wire before the final dot: normalised, dots at line beginnings doubled. */
export function wireForm(content: string): string {
  return normalised(content).replace(/(^|\r\n)\./g, '$1..');
}

/** Wire offset just behind the blank line that ends the header; all of it when there is none. */
export function headerOctetsOf(wire: string): number {
  if (wire.startsWith('\r\n')) return 2;
  const blank = wire.indexOf('\r\n\r\n');
  return blank === -1 ? wire.length : blank + 4;
}

/** What TOP sends before the final dot: the header, the blank line, some lines (RFC 1939 §7). */
export function topOf(content: string, bodyLines: number): string {
  const wire = wireForm(content);
  const header = wire.slice(0, headerOctetsOf(wire));
  const isHeaderOnly = !header.endsWith('\r\n\r\n') && header !== '\r\n';
  const body = wire.slice(header.length).split('\r\n').slice(0, -1);
  return header + (isHeaderOnly ? '\r\n' : '') + lines(...body.slice(0, bodyLines));
}

/** Takes the stuffed dots of a wire form away. */
export function unstuffed(wire: string): string {
  return wire.replace(/(^|\r\n)\./g, '$1');
}

export function bytesOf(text: string): Uint8Array {
  return Buffer.from(text, 'latin1');
}

/** A small generator of its own, so that every run sees the same octets (xorshift32). */
function seededOctets(seed: number, count: number): string {
  let state = seed;
  const octets = Buffer.alloc(count);
  for (let i = 0; i < count; i += 1) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    octets[i] = state & 0xff;
  }
  return octets.toString('latin1');
}

const head = lines('From: Ann <ann@example.net>', 'Subject: a message', '');
const utf8 = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');

/** A message of exactly so many octets, with CRLF lines of 72; at least 53. */
export function messageOfOctets(octets: number): string {
  let room = octets - head.length;
  const full = Math.max(0, Math.floor((room - 2) / 72));
  room -= full * 72;
  return `${head}${`${'y'.repeat(70)}\r\n`.repeat(full)}${'z'.repeat(room - 2)}\r\n`;
}

export interface NastyMessage {
  readonly name: string;
  readonly content: string;
}

/** Every octet value but the two of line ends, sixteen a line. */
function everyOctet(): string {
  const rows: string[] = [];
  for (let row = 0; row < 16; row += 1) {
    const octets = Array.from({ length: 16 }, (_, column) => row * 16 + column);
    const kept = octets.filter((octet) => octet !== 0x0a && octet !== 0x0d);
    rows.push(String.fromCharCode(...kept));
  }
  return head + lines(...rows);
}

/** The corpus. Small ones first; the last few are large. */
export const nastyMessages: readonly NastyMessage[] = [
  { name: 'plain', content: head + lines('hello') },
  { name: 'no body', content: head },
  { name: 'header without blank line', content: lines('Subject: only a header') },
  { name: 'blank line first', content: lines('', 'body without a header') },
  { name: 'one blank line', content: '\r\n' },
  { name: 'first octet is a dot', content: `${lines('.hidden: yes', 'Subject: x', '')}body\r\n` },
  { name: 'dot lines', content: head + lines('.', '..', '...', '.a', 'a.', ' .', '.') },
  { name: 'an end of data inside', content: `${head}a\r\n.\r\nQUIT\r\n..\r\n` },
  {
    name: 'bare line feeds',
    content: head.replaceAll('\r\n', '\n').concat('one\n.two\n\n.\nthree\n'),
  },
  { name: 'bare carriage returns', content: `${head}one\r.two\r\r.\rthree\r` },
  { name: 'mixed line ends', content: `${head}one\n\r\ntwo\r\r\nthree\n\rfour\r\n` },
  { name: 'smuggled ends', content: `${head}a\n.\nb\r.\rc\n.\r\nd\r\n.\re\r\n` },
  { name: 'no final line end', content: `${head}the last line` },
  { name: 'final bare CR', content: `${head}the last line\r` },
  { name: 'final dot without line end', content: `${head}text\r\n.` },
  { name: 'trailing blank lines', content: `${head}text\r\n\r\n\r\n\r\n` },
  { name: 'NUL octets', content: `${head}a\0b\0\r\n\0\r\n` },
  { name: 'every octet', content: everyOctet() },
  { name: 'UTF-8', content: utf8(`${lines('Subject: Grüße 🌳', '')}Тополь ポプラ\r\n`) },
  { name: 'malformed UTF-8', content: `${head}\xff\xfe\xc0\x80 \xe2\x82\r\n` },
  { name: 'folded header', content: lines('Subject: a', '\tb', ' c', 'X-Empty:', '', 'body') },
  { name: 'looks like replies', content: head + lines('+OK', '-ERR', '+ ', '.', 'QUIT', '250 ok') },
  { name: 'a long line', content: `${head}${'x'.repeat(100_000)}\r\n` },
  { name: 'many empty lines', content: head + '\r\n'.repeat(5_000) },
  { name: 'many dot lines', content: head + '.\r\n'.repeat(40_000) },
  { name: 'one piece less an octet', content: messageOfOctets(65_535) },
  { name: 'one piece', content: messageOfOctets(65_536) },
  { name: 'small body limit', content: messageOfOctets(131_072) },
  { name: 'small body limit and one', content: messageOfOctets(131_073) },
  { name: 'random octets', content: head + seededOctets(20_011, 300_000) },
  { name: 'a million octets', content: messageOfOctets(1_000_000) },
];
