/**
 * Variables that begin with POPLAR_: a misspelt one is refused, like a misspelt key of the file, and
 * one whose value is not a good one is taken with a warning.
 *
 * Never: the value of a variable in a message.
 */

import { ConfigError } from './config-error.ts';
import type { Environment } from './settings.ts';

/** Read before any setting is, or by those alone who need it: a token is no part of what is printed. */
const otherVariables = new Set(['POPLAR_CONFIG', 'POPLAR_ADMIN_TOKEN', 'POPLAR_ADMIN_URL']);

/** Below this a token is worth guessing. */
const tokenCharactersMin = 20;

/** What our own tests are told. */
const ofTests = /^POPLAR_(?:TEST|UPDATE)_/;

/** What Kubernetes tells every container of a namespace that has a Service named poplar. */
const serviceLink =
  /^POPLAR_(?:\w+_)?(?:SERVICE_HOST|SERVICE_PORT(?:_\w+)?|PORT_\d+_(?:TCP|UDP|SCTP)(?:_\w+)?)$/;

/** One line for each variable whose value is taken and is not a good one. */
export function warningsOf(environment: Environment): string[] {
  const token = (environment.POPLAR_ADMIN_TOKEN ?? '').trim();
  if (token === '' || token.length >= tokenCharactersMin) return [];
  return [`POPLAR_ADMIN_TOKEN can be guessed: it has fewer than ${tokenCharactersMin} characters`];
}

/** Throws ConfigError for the first variable that no setting has asked for. */
export function refuseUnknownVariables(
  environment: Environment,
  settings: ReadonlySet<string>,
): void {
  for (const name of Object.keys(environment)) {
    if (!name.startsWith('POPLAR_') || settings.has(name) || otherVariables.has(name)) continue;
    if (ofTests.test(name)) continue;
    if (serviceLink.test(name) || isServiceUrl(name, environment[name])) continue;
    throw new ConfigError(`unknown variable ${name}: README.md lists those that Poplar reads`);
  }
}

/** The one service link whose name alone could be a misspelt setting: `POPLAR_PORT=tcp://...`. */
function isServiceUrl(name: string, value = ''): boolean {
  return /^POPLAR_(?:\w+_)?PORT$/.test(name) && /^(?:tcp|udp|sctp):\/\//.test(value);
}
