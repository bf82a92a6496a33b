/**
 * Where a webhook may lead, as far as its URL says: https, or http where the configuration has it; a port
 * that is one of the web or of no system service; no name and password, which would be kept and shown.
 *
 * A name that resolves to such an address now is refused when it is given: its owner hears of it at once, and not by
 * events that never come. That is a courtesy and no protection: each attempt looks again (post-event.ts).
 *
 * Never: an address that a name has said back, which would tell of names that only this host knows.
 */

import { isIP } from 'node:net';
import type { Config } from '@poplar/runtime';
import { Problem } from '../problem.ts';
import { urlCharactersMax } from './limits.ts';
import { Reachable } from './reachable.ts';
import type { Resolve } from './resolver.ts';

export interface UrlRules {
  readonly allowsHttp: boolean;
  readonly reachable: Reachable;
}

/** @param resolve instead of the system's look-up */
export function urlRules({ webhooks }: Config, resolve?: Resolve): UrlRules {
  const parts = resolve === undefined ? {} : { resolve };
  return { allowsHttp: webhooks.http, reachable: new Reachable(webhooks.allowedNetworks, parts) };
}

/** Below this are the services of a host, which would be spoken to in a wrong protocol. */
const firstFreePort = 1_024;

/** The canonical form. Throws a Problem. */
function webhookUrl(text: string, rules: UrlRules): URL {
  const url = URL.parse(text);
  if (url === null || text.length > urlCharactersMax) throw refused('must be an absolute URL');
  const detail = problemOf(url, rules);
  if (detail !== null) throw refused(detail);
  return url;
}

/** As webhookUrl, and looks where its name leads now. A name that is not known, or not yet, is let through. */
export async function reachableUrl(text: string, rules: UrlRules): Promise<URL> {
  const url = webhookUrl(text, rules);
  const { kind } = await rules.reachable.addressesOf(url.hostname);
  if (kind === 'refused') {
    throw refused(
      'leads to an address that is not allowed: its host must have public addresses alone, ' +
        'or such as webhooks.allowedNetworks has',
    );
  }
  return url;
}

/** What is wrong with a URL; null when nothing is. Asked again before each request: settings change. */
export function problemOf(url: URL, { allowsHttp, reachable }: UrlRules): string | null {
  const { protocol, hostname, port, username, password, hash } = url;
  if (protocol !== 'https:' && !(protocol === 'http:' && allowsHttp)) {
    return allowsHttp
      ? 'must begin with https or http'
      : 'must begin with https; http is for where webhooks.http allows it';
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
