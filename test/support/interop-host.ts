/**
 * What the interop suites have in common: a real node, mailboxes that were filled by real LMTP
 * deliveries, and real clients run as processes.
 *
 * Never: a client that is missing taken for one that works; a password in an argument list where the
 * client can take it from a file.
 */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LmtpClient } from './lmtp-client.ts';
import { lines, normalised, unstuffed } from './messages.ts';
import { type RunningNode, startNode } from './start-node.ts';
import { openTestDatabase, type TestDatabase, type TestMailbox } from './test-database.ts';

/** How the client comes to its TLS; `clear` is for clients that have no STLS, over loopback. */
export type Transport = 'clear' | 'stls' | 'implicit';

export interface Ran {
  readonly code: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

export interface InteropHost {
  readonly node: RunningNode;
  readonly database: TestDatabase;
  /** For files of the clients; removed at the end. */
  readonly directory: string;
  port(transport: Transport): number;
  /** A new mailbox with these contents, delivered one by one over LMTP. */
  mailbox(contents: readonly string[]): Promise<TestMailbox>;
  deliver(mailbox: TestMailbox, content: string): Promise<void>;
  /** Messages as the store has them, unstuffed, CRLF; in order. */
  stored(mailbox: TestMailbox): Promise<string[]>;
  stop(): Promise<void>;
}

const clientWithinMs = 50_000;

function letter(number: number, extra: readonly string[], body: string): string {
  return (
    lines(
      'From: Ann Example <ann@example.net>',
      'To: Alice <alice@example.org>',
      `Subject: message ${number}`,
      'Date: Fri, 05 Jun 2026 12:00:00 +0000',
      `Message-ID: <${number}@example.net>`,
      ...extra,
      '',
    ) + body
  );
}

/** What people send: every one of these must arrive as it was. */
export function postbag(): string[] {
  const utf8 = Buffer.from('Grüße, Тополь, ポプラ 🌳\r\n').toString('latin1');
  const base64 = Buffer.alloc(45_000, 0xa5).toString('base64').replace(/.{76}/g, '$&\r\n');
  const mime = ['MIME-Version: 1.0', 'Content-Type: multipart/mixed; boundary="b1"'];
  const attachment = lines('Content-Transfer-Encoding: base64', '', base64, '--b1--');
  const eightBit = ['MIME-Version: 1.0', 'Content-Type: text/plain; charset=utf-8'];
  return [
    letter(1, [], lines('hello')),
    letter(2, mime, lines('--b1', '', 'text', '--b1') + attachment),
    letter(3, [], lines('.', '..', '...', '.hidden', 'a.', '.', '', '.')),
    letter(4, [...eightBit, 'Content-Transfer-Encoding: 8bit'], utf8),
    letter(5, [], lines('x'.repeat(990), 'From here on', '>From there', '-ERR no', '+OK yes')),
    letter(6, [], '\r\n\r\ntwo blank lines, then no end of line'),
    letter(7, [], '.\r\n'.repeat(3_000)),
    letter(8, [], `${'y'.repeat(70)}\r\n`.repeat(4_500)),
  ];
}

let mailboxes = 0;

/** @param environment what the node is told besides */
export async function startInteropHost(
  environment: Readonly<Record<string, string>> = {},
): Promise<InteropHost> {
  const database = await openTestDatabase();
  const node = await startNode({ databaseUrl: database.url, environment });
  const directory = mkdtempSync(join(tmpdir(), 'poplar-interop-'));
  const deliver = async (mailbox: TestMailbox, contents: readonly string[]): Promise<void> => {
    const client = await LmtpClient.connect({ port: node.lmtp });
    for (const content of contents) {
      await client.delivered({ from: 'ann@example.net', to: [mailbox.address], content });
    }
    await client.quit();
  };
  return {
    node,
    database,
    directory,
    port: (transport) => (transport === 'implicit' ? node.pop3s : node.pop3),
    mailbox: async (contents) => {
      mailboxes += 1;
      const mailbox = await database.addMailbox(`alice${mailboxes}@example.org`);
      await deliver(mailbox, contents);
      return mailbox;
    },
    deliver: (mailbox, content) => deliver(mailbox, [content]),
    stored: async (mailbox) => {
      const ids = await database.visible(mailbox);
      const bodies = await database.store.readBodies(mailbox.mailboxId, ids);
      return bodies.map((body) => unstuffed(Buffer.from(body ?? '').toString('latin1')));
    },
    stop: async () => {
      rmSync(directory, { recursive: true, force: true });
      await node.stop();
      await database.drop();
    },
  };
}

/** Checks what the store has against what was sent: trace lines before it, and nothing else. */
export function assertDelivered(stored: readonly string[], contents: readonly string[]): void {
  assert.equal(stored.length, contents.length);
  for (const [index, content] of contents.entries()) {
    const text = stored[index] ?? '';
    const trace = text.slice(0, text.length - normalised(content).length);
    assertSame([text], [trace + normalised(content)]);
    assert.match(trace, /^Return-Path: <ann@example\.net>\r\nDelivered-To: .*\r\nReceived: /);
  }
}

/** Compares messages and shows where the first difference is, not all of them. */
export function assertSame(actual: readonly string[], expected: readonly string[]): void {
  for (const [index, text] of expected.entries()) {
    const got = actual[index] ?? '';
    let at = 0;
    while (at < text.length && got.charAt(at) === text.charAt(at)) at += 1;
    const from = Math.max(0, at - 40);
    const shown = [got, text].map((side) => JSON.stringify(side.slice(from, at + 40)));
    const where = `message ${index + 1}, octet ${at} of ${text.length} (${got.length} came)`;
    assert.ok(got === text, `${where}: ${shown[0]} instead of ${shown[1]}`);
  }
  assert.equal(actual.length, expected.length);
}

/** Messages as clients keep them on disk: LF for every end of line. */
export function withLineFeeds(texts: readonly string[]): string[] {
  return texts.map((text) => text.replaceAll('\r\n', '\n'));
}

/** Runs a client to its end. Rejects if it is not installed or does not end. */
export async function run(
  command: string,
  args: readonly string[],
  options: { readonly input?: string; readonly environment?: Record<string, string> } = {},
): Promise<Ran> {
  const child = spawn(command, [...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC', ...options.environment },
    timeout: clientWithinMs,
    killSignal: 'SIGKILL',
  });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on('data', (piece: Buffer) => out.push(piece));
  child.stderr.on('data', (piece: Buffer) => err.push(piece));
  const { promise, resolve, reject } = Promise.withResolvers<number | null>();
  child.once('error', (error) => reject(new Error(`${command}: ${error.message}`)));
  child.once('close', resolve);
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.input ?? '');
  const code = await promise;
  return { code, stdout: Buffer.concat(out), stderr: Buffer.concat(err).toString() };
}

/** As `run`, but anything else than 0 is a failure that shows what the client said. */
export async function ran(
  command: string,
  args: readonly string[],
  options: { readonly input?: string; readonly environment?: Record<string, string> } = {},
): Promise<Ran> {
  const result = await run(command, args, options);
  const said = `${result.stderr}\n${result.stdout.toString().slice(-4_000)}`;
  assert.equal(result.code, 0, `${command} ended with ${result.code}\n${said}`);
  return result;
}
