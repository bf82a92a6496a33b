/**
 * The servers that a database URL names, and which of them will do: `postgres://u:p@h1:5432,h2:5433/db`
 * with `target_session_attrs` and `load_balance_hosts` as libpq has them. The driver knows one host
 * only, so each server gets a URL of its own.
 *
 * Two things differ from libpq. Without `target_session_attrs` only a server that takes writes will do,
 * where libpq takes any: a lock, a delivery and a QUIT are writes. And the server that served last is
 * tried first, so that nobody waits for a dead one again and again, and that a former primary which
 * somebody starts again by mistake is not returned to while its successor answers.
 *
 * Rules: PostgreSQL documentation, "Connection Strings" and "Specifying Multiple Hosts" (libpq).
 *
 * Never: a part of the URL in a message but hosts and ports that were understood: it has secrets.
 */

import { StoreError } from '../errors.ts';
import { connectTimeoutMs, databaseHostsMax, hostConnectTimeoutMs } from '../limits.ts';
import type { SessionAttributes } from './server-state.ts';

export interface Server {
  /** How messages call it. */
  readonly name: string;
  /** The URL of this server alone. */
  readonly url: string;
}

interface Parsed {
  readonly servers: readonly Server[];
  readonly attributes: SessionAttributes;
  readonly isShuffled: boolean;
  readonly connectTimeoutMs: number;
}

/** At once, or when nothing is on the way any more. */
type Leave = (how: 'now' | 'when-idle') => void;

interface Place {
  readonly host: string;
  /** Empty for the default. */
  readonly port: string;
}

const form = /^(postgres(?:ql)?:\/\/)([^/?#]*)(\/[^?#]*)?(?:\?([^#]*))?$/;
const bracketed = /^\[([0-9a-f:.%]+)\](?::(.*))?$/i;

const attributesByName: ReadonlyMap<string, SessionAttributes> = new Map(
  (['read-write', 'read-only', 'primary', 'standby', 'prefer-standby', 'any'] as const).map(
    (name) => [name, name],
  ),
);

export class ServerList {
  readonly #url: string;
  #parsed: Parsed | null = null;
  #last: Server | null = null;
  /** What uses a server and is to leave it when others find that it does not do any more. */
  readonly #users = new Map<Server, Set<Leave>>();

  constructor(url: string) {
    this.#url = url;
  }

  /** Throws StoreError INVALID. */
  get parsed(): Parsed {
    this.#parsed ??= parse(this.#url);
    return this.#parsed;
  }

  /** In the order to be tried in. Throws StoreError INVALID. */
  order(): Server[] {
    const { servers, isShuffled } = this.parsed;
    if (isShuffled) return shuffled(servers);
    const last = this.#last;
    if (last === null) return [...servers];
    return [last, ...servers.filter((server) => server !== last)];
  }

  /**
   * Where there is one server that takes writes, whoever still waits for another waits for one that is
   * gone: it may have vanished without a word, and nothing that it says now counts.
   */
  served(server: Server): void {
    this.#last = server;
    const { attributes } = this.parsed;
    if (attributes !== 'read-write' && attributes !== 'primary') return;
    for (const [other, users] of this.#users) {
      if (other !== server) for (const leave of users) leave('now');
    }
  }

  /** Answers how to take it back. */
  join(server: Server, leave: Leave): () => void {
    const users = this.#users.get(server) ?? new Set();
    this.#users.set(server, users.add(leave));
    return () => void users.delete(leave);
  }

  /** It does not take writes any more, or whatever else is wanted of it. */
  abandon(server: Server): void {
    if (this.#last === server) this.#last = null;
    for (const leave of this.#users.get(server) ?? []) leave('when-idle');
  }
}

function invalid(problem: string): StoreError {
  return new StoreError('INVALID', `the database URL ${problem}`);
}

function parse(url: string): Parsed {
  const [whole, scheme = '', authority = '', path = '/', query = ''] = form.exec(url.trim()) ?? [];
  if (whole === undefined) throw invalid('does not begin with postgres:// or postgresql://');
  const at = authority.lastIndexOf('@');
  const parameters = new URLSearchParams(query);
  const places = placesOf(authority.slice(at + 1), parameters);
  const attributes = attributesOf(parameters);
  const isShuffled = isShuffledBy(parameters);
  const timeoutMs = timeoutOf(parameters, places.length);
  const several = (place: Place): Server => {
    const own = new URLSearchParams(parameters);
    own.set('host', place.host);
    own.delete('port');
    if (place.port !== '') own.set('port', place.port);
    return { name: nameOf(place), url: `${scheme}${authority.slice(0, at + 1)}${path}?${own}` };
  };
  // One server's URL stays as it is: the driver has defaults for what is missing in it.
  const servers =
    places.length === 1 && places[0] !== undefined
      ? [{ name: nameOf(places[0]), url: url.trim() }]
      : places.map(several);
  return { servers, attributes, isShuffled, connectTimeoutMs: timeoutMs };
}

/** Hosts among the parameters replace those before the path, as in libpq. */
function placesOf(authority: string, parameters: URLSearchParams): Place[] {
  const written = authority.split(',').map(placeIn);
  const hosts = parameters.get('host')?.split(',') ?? written.map(({ host }) => host);
  const ports = parameters.get('port')?.split(',') ?? written.map(({ port }) => port);
  if (hosts.length > databaseHostsMax) throw invalid(`names more than ${databaseHostsMax} hosts`);
  if (ports.length !== 1 && ports.length !== hosts.length) {
    throw invalid(`has ${ports.length} ports for ${hosts.length} hosts`);
  }
  return hosts.map((host, index) => {
    const port = (ports.length === 1 ? ports[0] : ports[index]) ?? '';
    if (host === '' && hosts.length > 1) throw invalid(`has no name for host ${index + 1}`);
    if (port !== '' && !(/^\d{1,5}$/.test(port) && Number(port) >= 1 && Number(port) <= 65_535)) {
      const advice = 'a password with any of / ? # @ must have them percent-encoded';
      throw invalid(
        `has a port that is no number from 1 to 65535 for host ${index + 1}; ${advice}`,
      );
    }
    return { host, port };
  });
}

function placeIn(written: string, index: number): Place {
  const [inBrackets, address = '', behind = ''] = bracketed.exec(written) ?? [];
  if (inBrackets !== undefined) return { host: address, port: behind };
  const [host = '', port = '', ...rest] = written.split(':');
  if (rest.length > 0 || /[[\]]/.test(written)) {
    throw invalid(
      `has an IPv6 address that is not in brackets, or half of them, as host ${index + 1}`,
    );
  }
  try {
    return { host: decodeURIComponent(host), port };
  } catch {
    throw invalid(`is not percent-encoded as it should be in host ${index + 1}`);
  }
}

function attributesOf(parameters: URLSearchParams): SessionAttributes {
  const written = parameters.get('target_session_attrs') ?? 'read-write';
  const attributes = attributesByName.get(written);
  if (attributes !== undefined) return attributes;
  const known = [...attributesByName.keys()].join(', ');
  throw invalid(`has a target_session_attrs that is none of ${known}`);
}

function isShuffledBy(parameters: URLSearchParams): boolean {
  const written = parameters.get('load_balance_hosts') ?? 'disable';
  if (written === 'random') return true;
  if (written === 'disable') return false;
  throw invalid('has a load_balance_hosts that is neither disable nor random');
}

/** Of each host. Its parameter has seconds, and nothing or 0 for the default. */
function timeoutOf(parameters: URLSearchParams, hosts: number): number {
  const written = parameters.get('connect_timeout') ?? '0';
  if (!/^\d{1,6}$/.test(written))
    throw invalid('has a connect_timeout that is no number of seconds');
  const seconds = Number(written);
  if (seconds > 0) return Math.min(seconds * 1_000, connectTimeoutMs);
  return hosts > 1 ? hostConnectTimeoutMs : connectTimeoutMs;
}

function nameOf({ host, port }: Place): string {
  if (host.startsWith('/')) return port === '' ? host : `${host} port ${port}`;
  const name = host.includes(':') ? `[${host}]` : host;
  return port === '' ? name : `${name}:${port}`;
}

function shuffled(servers: readonly Server[]): Server[] {
  return servers
    .map((server) => ({ server, place: Math.random() }))
    .sort((a, b) => a.place - b.place)
    .map(({ server }) => server);
}
