/**
 * A strict POP3 client for tests: it knows the shape of every reply (RFC 1939 §3, RFC 2449 §8) and
 * nothing of what a reply should be.
 *
 * Never: leniency; a command that the test did not ask for.
 */

import { type TlsOptions, WireClient, type WireOptions } from './wire-client.ts';

export interface Pop3Reply {
  readonly ok: boolean;
  /** The response code in upper case, such as `IN-USE` (RFC 2449 §8); null when there is none. */
  readonly code: string | null;
  readonly text: string;
}

/** RFC 5034 §4: challenges may be longer than replies. */
const lineOctetsMax = 2_048;

const replyShape = /^(\+OK|-ERR)(?: (?:\[([^\]]+)\] ?)?(.*))?$/;

export class Pop3Client {
  readonly wire: WireClient;
  readonly greeting: Pop3Reply;

  private constructor(wire: WireClient, greeting: Pop3Reply) {
    this.wire = wire;
    this.greeting = greeting;
  }

  /** Connects and reads the greeting. */
  static async connect(options: WireOptions): Promise<Pop3Client> {
    const wire = await WireClient.connect(options);
    return new Pop3Client(wire, await readReply(wire));
  }

  reply(): Promise<Pop3Reply> {
    return readReply(this.wire);
  }

  /** Says a line and reads one reply line. */
  command(line: string): Promise<Pop3Reply> {
    this.wire.write(`${line}\r\n`);
    return this.reply();
  }

  /** As `command`, but anything else than +OK is an error. */
  async ok(line: string): Promise<Pop3Reply> {
    const reply = await this.command(line);
    if (!reply.ok) this.wire.fail(`not +OK to ${line}`);
    return reply;
  }

  /** A multi-line reply as its lines, unstuffed. */
  async listing(line: string): Promise<string[]> {
    const body = (await this.content(line)).split('\r\n');
    if (body.pop() !== '') this.wire.fail('a multi-line reply ends with CRLF before its dot');
    return body;
  }

  /** A multi-line reply, unstuffed, without its final dot; one character an octet. */
  async content(line: string): Promise<string> {
    await this.ok(line);
    const stuffed = await this.wire.bodyUntilDot();
    for (const match of stuffed.matchAll(/(?:^|\r\n)\.(.)/gs)) {
      if (match[1] !== '.') this.wire.fail('a line begins with a single dot');
    }
    return stuffed.replace(/(^|\r\n)\./g, '$1');
  }

  async login(user: string, secret: string): Promise<Pop3Reply> {
    await this.ok(`USER ${user}`);
    return this.ok(`PASS ${secret}`);
  }

  async stls(ca: string, options?: TlsOptions): Promise<void> {
    await this.ok('STLS');
    await this.wire.startTls(ca, options);
  }

  /** A challenge as its octets (RFC 5034 §4), or the reply that ends an exchange. */
  async challengeOrReply(): Promise<Buffer | Pop3Reply> {
    const line = await this.wire.line(lineOctetsMax);
    if (!line.startsWith('+ ')) return parseReply(this.wire, line);
    const text = line.slice(2);
    const challenge = Buffer.from(text, 'base64');
    if (challenge.toString('base64') !== text) this.wire.fail(`not BASE64: ${text}`);
    return challenge;
  }

  /** QUIT, its +OK, and the server's close. */
  async quit(): Promise<void> {
    await this.ok('QUIT');
    await this.wire.closed();
    this.wire.destroy();
  }

  destroy(): void {
    this.wire.destroy();
  }
}

async function readReply(wire: WireClient): Promise<Pop3Reply> {
  return parseReply(wire, await wire.line());
}

function parseReply(wire: WireClient, line: string): Pop3Reply {
  const [whole, status, code, text = ''] = replyShape.exec(line) ?? [];
  if (whole === undefined) wire.fail(`not a reply: ${line}`);
  return { ok: status === '+OK', code: code?.toUpperCase() ?? null, text };
}
