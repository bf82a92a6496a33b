/**
 * Stored messages as other programs read them: without dot-stuffing, with LF lines, for an mbox with its
 * From_ line and quoting (mboxrd, which can be undone).
 *
 * Never: an octet of a message lost or added that the import does not give back.
 *
 * Rules: qmail's mbox(5) for mboxrd; RFC 4155 for the From_ line.
 */

const lf = 0x0a;
const cr = 0x0d;
const dot = 0x2e;
const quoteMark = 0x3e;
const from = Buffer.from('From ');

/**
 * A body in wire form as text. Each CR of it is part of a CRLF, so there is no other way back.
 *
 * @param quoteFrom one `>` more on each line of `>` characters and `From `
 */
export function plainText(body: Uint8Array, quoteFrom: boolean): Buffer {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  // A line loses its CR and gains a `>` at most.
  const text = Buffer.allocUnsafe(bytes.length + 1);
  let to = 0;
  let at = 0;
  while (at < bytes.length) {
    const found = bytes.indexOf(cr, at);
    const end = found < 0 ? bytes.length : found;
    const start = bytes[at] === dot ? at + 1 : at;
    if (quoteFrom && isQuotable(bytes, start, end)) {
      text[to] = quoteMark;
      to += 1;
    }
    to += bytes.copy(text, to, start, end);
    if (found >= 0) {
      text[to] = lf;
      to += 1;
    }
    at = end + 2;
  }
  return text.subarray(0, to);
}

function isQuotable(bytes: Buffer, start: number, end: number): boolean {
  let at = start;
  while (at < end && bytes[at] === quoteMark) at += 1;
  return at + from.length <= end && bytes.compare(from, 0, from.length, at, at + from.length) === 0;
}

const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** The line before a message of an mbox, its date in UTC. */
export function fromLine(receivedAt: Date): string {
  const day = String(receivedAt.getUTCDate()).padStart(2, ' ');
  const clock = receivedAt.toISOString().slice(11, 19);
  const name = `${days[receivedAt.getUTCDay()]} ${months[receivedAt.getUTCMonth()]} ${day}`;
  return `From MAILER-DAEMON ${name} ${clock} ${receivedAt.getUTCFullYear()}\n`;
}
