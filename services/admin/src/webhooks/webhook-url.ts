/**
 * Where a webhook may lead, as far as its URL says: https, or http where the configuration has it; a port
 * that is one of the web or of no system service; no name and password, which would be kept and shown.
 *
 * Never: a look-up; what is refused said back.
 */

import { isIP } from 'node:net';
import type { Config } from '@poplar/runtime';
import { Problem } from '../problem.ts';
import { urlCharactersMax } from './limits.ts';
import { Reachable } from './reachable.ts';

export interface UrlRules {
  readonly allowsHttp: boolean;
  readonly reachable: Reachable;
}

export function urlRules({ webhooks }: Config): UrlRules {
  return { allowsHttp: webhooks.http, reachable: new Reachable(webhooks.allowedNetworks) };
}

/** Below this are the services of a host, which would be spoken to in a wrong protocol. */
const firstFreePort = 1_024;

/** The canonical form. Throws a Problem. */
export function webhookUrl(text: string, rules: UrlRules): URL {
  const url = URL.parse(text);
  if (url === null || text.length > urlCharactersMax) throw refused('must be an absolute URL');
  const detail = problemOf(url, rules);
  if (detail !== null) throw refused(detail);
  return url;
}

/** What is wrong with a URL; null when nothing is. Asked again before each request: settings change. */
export function problemOf(url: URL, { allowsHttp, reachable }: UrlRules): string | null {
  const { protocol, hostname, port, username, password, hash } = url;
  if (protocol !== 'https:' && !(protocol === 'http:' && allowsHttp)) {
    return allowsHttp ? 'must begin with https or http' : 'must begin with https';
  }
  if (username !== '' || password !== '') return 'must have no name and no password in it';
  if (hash !== '') return 'must have no fragment';
  const usual = protocol === 'https:' ? 443 : 80;
  const number = port === '' ? usual : Number(port);
  if (number !== usual && number < firstFreePort) {
    return `must have the port ${usual} or one from ${firstFreePort}`;
  }
  const literal = hostname.replace(/^\[(.*)\]$/, '$1');
  if (isIP(literal) !== 0 && !reachable.isAllowed(literal)) {
    return 'must have a public address or one of webhooks.allowedNetworks';
  }
  return null;
}

function refused(detail: string): Problem {
  return new Problem(422, 'the webhook may not lead there', [{ pointer: '/body/url', detail }]);
}
