/**
 * The API over a database of its own, listening on loopback, for the tests of this service.
 *
 * Never: a mock of the store; a token that is good anywhere else.
 */

import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { allocateGuards, openThrottleView } from '@poplar/identity';
import { loadConfig, silentLog } from '@poplar/runtime';
import { openStore, type Store } from '@poplar/store';
import { type TemporaryDatabase, temporaryDatabase } from '@poplar/store/testing';
import type { FastifyInstance } from 'fastify';
import { digestOf, makeToken } from '../access/tokens.ts';
import { buildApi } from '../api.ts';
import { readConsole } from '../console/console-files.ts';
import { resolver } from '../webhooks/resolver.ts';

const answerWithinMs = 20_000;

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
  /** Of JSON; null where there is none. */
  readonly body: Readonly<Record<string, unknown>>;
}

interface Asked {
  readonly method?: string;
  /** As it goes over the wire, nothing made canonical. */
  readonly path: string;
  readonly token?: string | null;
  /** An object as JSON, a text and octets as they are. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface ApiFixture {
  readonly app: FastifyInstance;
  readonly database: TemporaryDatabase;
  readonly store: Store;
  readonly root: string;
  ask(asked: Asked): Promise<Answer>;
  /** The same with the root token below the path of the API. */
  call(method: string, path: string, body?: unknown): Promise<Answer>;
  token(given: {
    readonly scopes: readonly string[];
    readonly domain?: string;
    readonly expiresAt?: Date;
  }): Promise<{ readonly token: string; readonly tokenId: string }>;
  end(): Promise<void>;
}

export async function apiFixture(
  environment: Readonly<Record<string, string>> = {},
): Promise<ApiFixture> {
  const database = await temporaryDatabase();
  const store = openStore({ databaseUrl: database.url, tellsWebhooks: true });
  const root = makeToken();
  const guards = { cacheOctets: 1 << 16, workers: 1, clusterKey: await store.clusterKey() };
  const { shared, keys } = allocateGuards(guards);
  const app = await buildApi({
    store,
    config: loadConfig({ ...environment, DATABASE_URL: database.url }, { file: null }),
    rootDigest: digestOf(root),
    version: '0.0.0',
    // No name server: what the hosts file has is all there is, and nothing leaves this host.
    resolve: resolver({ servers: ['127.0.0.1:1'] }),
    log: silentLog,
    console: await readConsole(),
    throttles: openThrottleView(shared, keys),
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  const bound = app.server.address();
  const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
  const agent = new Agent({ keepAlive: true });
  const ask = (asked: Asked): Promise<Answer> => send({ port, agent }, { token: root, ...asked });
  return {
    ...{ app, database, store, root, ask },
    call: (method, path, body) => ask({ method, path: `/api/v1${path}`, body }),
    token: async ({ scopes, domain = null, expiresAt = null }) => {
      const token = makeToken();
      const made = { digest: digestOf(token), label: 'test', scopes, domain, expiresAt };
      return { token, tokenId: await store.administration.addToken(made) };
    },
    end: async () => {
      agent.destroy();
      await app.close();
      await store.end();
      await database.drop();
    },
  };
}

async function send(to: { port: number; agent: Agent }, asked: Asked): Promise<Answer> {
  const { method = 'GET', path, token, body } = asked;
  const isReady = body === undefined || typeof body === 'string' || body instanceof Uint8Array;
  const text = isReady ? body : JSON.stringify(body);
  const sent = request({
    ...{ host: '127.0.0.1', ...to, method, path },
    signal: AbortSignal.timeout(answerWithinMs),
    headers: {
      ...(token === null || token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(text === undefined ? {} : { 'content-type': 'application/json' }),
      ...asked.headers,
    },
  });
  sent.end(text);
  const [response] = await once(sent, 'response');
  const pieces: Buffer[] = [];
  for await (const piece of response) pieces.push(Buffer.from(piece));
  const answered = Buffer.concat(pieces).toString();
  const isJson = /[/+]json/.test(String(response.headers['content-type']));
  return {
    status: Number(response.statusCode),
    headers: response.headers,
    text: answered,
    body: isJson && answered !== '' ? Object(JSON.parse(answered)) : {},
  };
}
