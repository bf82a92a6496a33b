/**
 * How a command reaches the REST API: that of POPLAR_ADMIN_URL; else that of the node that runs on this data
 * directory, by the socket in it; else one that is built in this process over the database, for as long as the
 * command takes. It is the same API, and the same path through it, each time.
 *
 * Never: a command that was told of one database and changes another; the token of this data directory sent to
 * another host.
 */

import { randomBytes } from 'node:crypto';
import { buildApi, digestOf, localSocket, readRootToken } from '@poplar/admin';
import { type Config, describeConfig, StartError, silentLog } from '@poplar/runtime';
import { configured, type StoreCommandOptions, withStore } from '../store-access.ts';
import { ApiClient, asked, fieldsOf, itemsOf, type Transport } from './client.ts';
import { isOfThisHost, openWire, type Wire, wireTransport } from './wire.ts';

export async function reachApi<T>(
  options: StoreCommandOptions,
  work: (api: ApiClient) => Promise<T>,
): Promise<T> {
  const config = configured(options);
  const named = process.env.POPLAR_ADMIN_URL?.trim() ?? '';
  if (named !== '') return overWire(await namedWire(named, config), work);
  const token = await readRootToken(process.env, config.dataDir);
  if (token !== null) {
    const to = { base: 'http://node', token, refusal: 'it is not that of the node' };
    const wire = openWire({ ...to, socketPath: localSocket(config.dataDir) });
    if (await isOurs(wire, config)) return overWire(wire, work);
    await wire.agent.close();
  }
  return inProcess(options, work);
}

async function namedWire(url: string, config: Config): Promise<Wire> {
  const base = URL.parse(url);
  if (base === null || !/^https?:$/.test(base.protocol)) {
    throw new StartError('POPLAR_ADMIN_URL must be a URL such as https://pop.example.org:8110');
  }
  const isHere = isOfThisHost(base);
  if (base.protocol === 'http:' && !isHere) {
    throw new StartError('POPLAR_ADMIN_URL must begin with https: a token would go out in clear');
  }
  const given = process.env.POPLAR_ADMIN_TOKEN?.trim() ?? '';
  const token = given === '' && isHere ? await readRootToken({}, config.dataDir) : given;
  if (token === null || token === '')
    throw new StartError('POPLAR_ADMIN_URL needs POPLAR_ADMIN_TOKEN');
  const refusal =
    given === ''
      ? `POPLAR_ADMIN_TOKEN is not set, and that of ${config.dataDir} is not a good one`
      : 'POPLAR_ADMIN_TOKEN is not a good one';
  return openWire({ base: base.origin, token, refusal });
}

async function overWire<T>(wire: Wire, work: (api: ApiClient) => Promise<T>): Promise<T> {
  try {
    return await work(new ApiClient(wireTransport(wire)));
  } finally {
    await wire.agent.close();
  }
}

/** Whether a node answers there that knows our token and works on the database that we were told of. */
async function isOurs(wire: Wire, config: Config): Promise<boolean> {
  const ask = wireTransport(wire, 'soon');
  const path = config.database.url === null ? '/self' : '/config';
  try {
    const { status, text } = await asked(ask, { method: 'GET', path });
    if (status !== 200) return false;
    return config.database.url === null || databaseIn(text) === databaseOf(config);
  } catch (error) {
    if (error instanceof StartError) return false;
    throw error;
  }
}

const databaseKey = 'database.url';

function databaseOf(config: Config): string | undefined {
  return describeConfig(config).find(({ key }) => key === databaseKey)?.value;
}

function databaseIn(text: string): unknown {
  return itemsOf(fieldsOf(text)).find(({ key }) => key === databaseKey)?.value;
}

function payloadOf(body: string | Uint8Array): string | Buffer {
  if (typeof body === 'string') return body;
  return Buffer.from(body.buffer, body.byteOffset, body.byteLength);
}

async function inProcess<T>(
  options: StoreCommandOptions,
  work: (api: ApiClient) => Promise<T>,
): Promise<T> {
  return withStore(options, async ({ store, config }) => {
    const token = randomBytes(32).toString('base64url');
    const given = { store, config, rootDigest: digestOf(token), rootActor: 'command' };
    const app = await buildApi({ ...given, version: '', log: silentLog });
    const transport: Transport = async ({ method, path, body, type = 'application/json', key }) => {
      const answer = await app.inject({
        ...{ method, url: `/api/v1${path}` },
        headers: {
          authorization: `Bearer ${token}`,
          ...(body === undefined ? {} : { 'content-type': type }),
          ...(key === undefined ? {} : { 'idempotency-key': key }),
        },
        ...(body === undefined ? {} : { payload: payloadOf(body) }),
        payloadAsStream: true,
      });
      return { status: answer.statusCode, octets: answer.stream() };
    };
    try {
      return await work(new ApiClient(transport));
    } finally {
      await app.close();
    }
  });
}
