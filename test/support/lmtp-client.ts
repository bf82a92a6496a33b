/**
 * A strict LMTP client for tests (RFC 2033): what a mail transfer agent says, and every reply as it
 * was.
 *
 * Never: a repaired reply; a body that is not stuffed as RFC 5321 §4.5.2 says.
 */

import { WireClient, type WireOptions } from './wire-client.ts';

export interface LmtpReply {
  readonly code: number;
  /** As in `5.1.1` (RFC 2034), or null. */
  readonly enhanced: string | null;
  readonly lines: readonly string[];
}

export interface Mail {
  readonly from: string;
  readonly to: readonly string[];
  /** One character an octet; sent as it is but for the stuffing. */
  readonly content: string;
}

export class LmtpClient {
  readonly wire: WireClient;

  private constructor(wire: WireClient) {
    this.wire = wire;
  }

  /** Connects, reads the greeting and says LHLO. */
  static async connect(options: WireOptions): Promise<LmtpClient> {
    const client = new LmtpClient(await WireClient.connect(options));
    await client.#expect(220);
    client.wire.write('LHLO client.example.net\r\n');
    await client.#expect(250);
    return client;
  }

  async command(line: string): Promise<LmtpReply> {
    this.wire.write(`${line}\r\n`);
    return this.reply();
  }

  async reply(): Promise<LmtpReply> {
    const lines: string[] = [];
    for (;;) {
      const line = await this.wire.line();
      const [, code = '', more = '', text = ''] = /^(\d{3})([ -])(.*)$/.exec(line) ?? [];
      if (code === '') this.wire.fail(`not a reply: ${line}`);
      lines.push(text);
      if (more === '-') continue;
      const [, enhanced = null] = /^([245]\.\d+\.\d+) /.exec(text) ?? [];
      return { code: Number(code), enhanced, lines };
    }
  }

  /** One transaction. Answers what was said of each recipient: to RCPT if refused, else at the end. */
  async deliver(mail: Mail): Promise<LmtpReply[]> {
    await this.#ask(`MAIL FROM:<${mail.from}>`, 250);
    const replies: (LmtpReply | null)[] = [];
    for (const address of mail.to) {
      const reply = await this.command(`RCPT TO:<${address}>`);
      replies.push(reply.code === 250 ? null : reply);
    }
    if (replies.includes(null)) {
      await this.#ask('DATA', 354);
      this.wire.write(dataOf(mail.content));
    }
    const said: LmtpReply[] = [];
    for (const refused of replies) said.push(refused ?? (await this.reply()));
    if (!replies.includes(null)) await this.#ask('RSET', 250);
    return said;
  }

  /** As `deliver`, but every recipient must have it. */
  async delivered(mail: Mail): Promise<void> {
    for (const reply of await this.deliver(mail)) {
      if (reply.code !== 250) this.wire.fail(`not delivered: ${reply.code} ${reply.lines.at(-1)}`);
    }
  }

  async quit(): Promise<void> {
    await this.#ask('QUIT', 221);
    await this.wire.closed();
    this.wire.destroy();
  }

  destroy(): void {
    this.wire.destroy();
  }

  async #ask(line: string, code: number): Promise<void> {
    this.wire.write(`${line}\r\n`);
    await this.#expect(code);
  }

  async #expect(code: number): Promise<void> {
    const reply = await this.reply();
    if (reply.code !== code) this.wire.fail(`${code} was expected`);
  }
}

/** What DATA can carry: it always ends with CRLF (RFC 5321 §4.1.1.4). */
export function asSent(content: string): string {
  return content === '' || content.endsWith('\r\n') ? content : `${content}\r\n`;
}

/** The octets of DATA: dots at the beginning of CRLF lines doubled, the end of data behind it. */
function dataOf(content: string): string {
  return `${asSent(content).replace(/(^|\r\n)\./g, '$1..')}.\r\n`;
}
