/**
 * An API with mailboxes to import into, and what tests of imports ask of it: send a body, break it off, look at what
 * is stored and at what the job says.
 *
 * Never: a wait without an end.
 */

import assert from 'node:assert/strict';
import { type ClientRequest, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ApiFixture, apiFixture } from './api-fixture.ts';

export const withinMs = 20_000;

export const from = 'From ann Tue Nov 24 03:08:00 2026\n';
/** Without a UIDL: what is stored twice is there twice. */
export const mbox = (count: number, first = 1): string =>
  Array.from(
    { length: count },
    (_, at) => `${from}N: ${at + first}\n\n${'x'.repeat(200)}\n\n`,
  ).join('');

export type Lines = readonly Readonly<Record<string, unknown>>[];

export interface Sent {
  readonly body: string | Uint8Array;
  readonly key?: string;
  readonly query?: string;
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export function linesOf(text: string): Lines {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

export async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + withinMs; !(await isSo()); await sleep(20)) {
    assert.ok(Date.now() < deadline, 'in time');
  }
}

export const upTo = (count: number) => Array.from({ length: count }, (_, at) => at + 1);

export class ImportFixture {
  readonly api: ApiFixture;
  readonly port: number;
  #mailboxes = 0;

  constructor(api: ApiFixture) {
    const bound = api.app.server.address();
    this.api = api;
    this.port = typeof bound === 'object' && bound !== null ? bound.port : 0;
  }

  addMailbox = async (): Promise<string> => {
    this.#mailboxes += 1;
    const address = `box${this.#mailboxes}@example.org`;
    await this.api.store.directory.addMailbox({ address, secret: null });
    return address;
  };

  send = async (
    address: string,
    sent: Sent,
  ): Promise<{ status: number; lines: Lines; text: string }> => {
    const { status, text } = await this.api.ask({
      ...{ method: 'POST', path: `/api/v1/mailboxes/${address}/import${sent.query ?? ''}` },
      body: sent.body,
      headers: {
        'content-type': sent.type ?? 'application/mbox',
        ...(sent.key === undefined ? {} : { 'idempotency-key': sent.key }),
        ...sent.headers,
      },
    });
    return { status, text, lines: status === 200 ? linesOf(text) : [] };
  };

  /** The head of a request whose body the test sends as it likes; it may be broken off. */
  begin = (
    address: string,
    { key, token = this.api.root, headers }: Omit<Sent, 'body'> & { readonly token?: string } = {},
  ): ClientRequest => {
    const sent = request({
      ...{ host: '127.0.0.1', port: this.port, method: 'POST', agent: false },
      path: `/api/v1/mailboxes/${address}/import`,
      signal: AbortSignal.timeout(withinMs),
      headers: {
        ...{ authorization: `Bearer ${token}`, 'content-type': 'application/mbox' },
        ...(key === undefined ? {} : { 'idempotency-key': key }),
        ...headers,
      },
    });
    sent.on('error', () => undefined);
    return sent;
  };

  /** Sends a part of a body, waits until so many messages are stored, and breaks the connection. */
  sendAndBreak = async (
    address: string,
    key: string,
    part: string,
    stored: number,
  ): Promise<void> => {
    const length = String(part.length + 1_000_000);
    const sent = this.begin(address, { key, headers: { 'content-length': length } });
    sent.write(part);
    const hasBegun = async () => (await this.jobsOf(address, key)).length > 0;
    await until(async () => (await hasBegun()) && (await this.numbersIn(address)).length >= stored);
    sent.destroy();
    await until(async () => (await this.jobOf(address, key)).state !== 'running');
  };

  /** The `N:` of each stored message, in order. */
  numbersIn = async (address: string): Promise<number[]> => {
    const rows = await this.api.database.query(
      `select convert_from(b.body, 'UTF8') as body
       from message join message_body b using (mailbox_id, message_id)
       join mailbox x using (mailbox_id) where x.address = $1 order by message_id`,
      [address],
    );
    return rows.map(({ body }) => Number(/^N: (\d+)/.exec(String(body))?.[1]));
  };

  jobsOf = async (address: string, key?: string): Promise<Lines> => {
    const query = key === undefined ? '' : `&key=${key}`;
    const { body } = await this.api.call('GET', `/jobs?address=${address}${query}`);
    return Array.isArray(body.items) ? body.items : [];
  };

  jobOf = async (address: string, key?: string): Promise<Readonly<Record<string, unknown>>> => {
    const [job] = await this.jobsOf(address, key);
    assert.ok(job !== undefined);
    return job;
  };
}

/** Messages have at most 5,000 octets. */
export async function importFixture(): Promise<ImportFixture> {
  const api = await apiFixture({ POPLAR_MESSAGE_OCTETS_MAX: '5000' });
  await api.store.directory.addDomain({ name: 'example.org' });
  return new ImportFixture(api);
}
