/**
 * How a command reaches the REST API: that of POPLAR_ADMIN_URL; else that of the node that runs on this
 * data directory, if it answers; else one that is built in this process over the database, for as long as
 * the command takes. It is the same API, and the same path through it, each time.
 *
 * Never: a token sent to a host that the certificate is not of; one in a message.
 */

import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildApi, digestOf, readRootToken } from '@poplar/admin';
import { type Config, StartError, silentLog, type TcpAddress } from '@poplar/runtime';
import { Agent, request } from 'undici';
import { apiTimeoutMs } from '../limits.ts';
import { configured, type StoreCommandOptions, withStore } from '../store-access.ts';
import { ApiClient, type Transport } from './client.ts';

export async function reachApi<T>(
  options: StoreCommandOptions,
  work: (api: ApiClient) => Promise<T>,
): Promise<T> {
  const config = configured(options);
  const token = await readRootToken(process.env, config.dataDir);
  const url = process.env.POPLAR_ADMIN_URL?.trim() ?? '';
  if (url !== '') {
    if (token === null) throw new StartError('POPLAR_ADMIN_URL needs POPLAR_ADMIN_TOKEN');
    return overNetwork(new URL(url), { token, agent: new Agent() }, work);
  }
  const { admin } = config.listeners;
  if (token !== null && admin !== null && admin.port !== 0) {
    const agent = await agentOf(config, admin);
    const found = new URL(`${isLoopback(admin) ? 'http' : 'https'}://${reachable(admin)}`);
    if (await answers(found, { token, agent })) return overNetwork(found, { token, agent }, work);
  }
  return inProcess(options, work);
}

interface Wire {
  readonly token: string;
  readonly agent: Agent;
}

async function overNetwork<T>(
  base: URL,
  wire: Wire,
  work: (api: ApiClient) => Promise<T>,
): Promise<T> {
  try {
    return await work(new ApiClient(transportTo(base, wire)));
  } finally {
    await wire.agent.close();
  }
}

function transportTo(base: URL, { token, agent }: Wire): Transport {
  return async ({ method, path, body }) => {
    try {
      const { statusCode, body: answer } = await request(new URL(`/api/v1${path}`, base), {
        method,
        dispatcher: agent,
        headersTimeout: apiTimeoutMs,
        bodyTimeout: apiTimeoutMs,
        headers: {
          authorization: `Bearer ${token}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        body: body === undefined ? null : JSON.stringify(body),
      });
      return { status: statusCode, text: await answer.text() };
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
      throw new StartError(`${base.origin} cannot be reached (${code})`);
    }
  };
}

/** Whether the node there knows our token: another one's is not ours to change. */
async function answers(base: URL, wire: Wire): Promise<boolean> {
  try {
    const { status } = await transportTo(base, wire)({ method: 'GET', path: '/self' });
    return status === 200;
  } catch (error) {
    if (error instanceof StartError) return false;
    throw error;
  }
}

async function inProcess<T>(
  options: StoreCommandOptions,
  work: (api: ApiClient) => Promise<T>,
): Promise<T> {
  return withStore(options, async ({ store, config }) => {
    const token = randomBytes(32).toString('base64url');
    const given = { store, config, rootDigest: digestOf(token), rootActor: 'command' };
    const app = await buildApi({ ...given, version: '', log: silentLog });
    const transport: Transport = async ({ method, path, body }) => {
      const { statusCode, body: text } = await app.inject({
        ...{ method, url: `/api/v1${path}`, headers: { authorization: `Bearer ${token}` } },
        ...(body === undefined ? {} : { payload: Object(body) }),
      });
      return { status: statusCode, text };
    };
    try {
      return await work(new ApiClient(transport));
    } finally {
      await app.close();
    }
  });
}

function isLoopback({ host }: TcpAddress): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.');
}

/** Where one listens on all addresses, this machine's own is one of them. */
function reachable({ host, port }: TcpAddress): string {
  const to = host === '0.0.0.0' || host === '' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return `${to.includes(':') ? `[${to}]` : to}:${port}`;
}

/** The node's own certificate is trusted, under its own name. */
async function agentOf({ tls, dataDir, hostname }: Config, address: TcpAddress): Promise<Agent> {
  if (isLoopback(address)) return new Agent();
  const file = tls.certFile ?? join(dataDir, 'tls', 'cert.pem');
  const ca = await readFile(file, 'utf8').catch(() => null);
  return new Agent({ connect: { servername: hostname, ...(ca === null ? {} : { ca }) } });
}
