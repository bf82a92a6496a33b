/**
 * Variables that begin with POPLAR_: a misspelt one is refused, like a misspelt key of the file, and
 * one that has a name but no meaning yet is taken with a warning.
 *
 * Never: the value of a variable in a message.
 */

import { ConfigError } from './config.ts';
import type { Environment } from './settings.ts';

/** Read before any setting is. */
const otherVariables = new Set(['POPLAR_CONFIG']);

/** Names that are fixed already, and what they wait for. */
const reserved: Readonly<Record<string, string>> = {
  POPLAR_ADMIN_TOKEN: 'the REST API is not there yet',
};

/** What our own tests are told. */
const ofTests = /^POPLAR_(?:TEST|UPDATE)_/;

/** What Kubernetes tells every container of a namespace that has a Service named poplar. */
const serviceLink =
  /^POPLAR_(?:\w+_)?(?:SERVICE_HOST|SERVICE_PORT(?:_\w+)?|PORT_\d+_(?:TCP|UDP|SCTP)(?:_\w+)?)$/;

/** One line for each variable that is set and does nothing yet. */
export function warningsOf(environment: Environment): string[] {
  return Object.entries(reserved)
    .filter(([name]) => (environment[name] ?? '').trim() !== '')
    .map(([name, reason]) => `${name} is set and does nothing: ${reason}`);
}

/** Throws ConfigError for the first variable that no setting has asked for. */
export function refuseUnknownVariables(
  environment: Environment,
  settings: ReadonlySet<string>,
): void {
  for (const name of Object.keys(environment)) {
    if (!name.startsWith('POPLAR_') || settings.has(name) || otherVariables.has(name)) continue;
    if (Object.hasOwn(reserved, name) || ofTests.test(name)) continue;
    if (serviceLink.test(name) || isServiceUrl(name, environment[name])) continue;
    throw new ConfigError(`unknown variable ${name}: README.md lists those that Poplar reads`);
  }
}

/** The one service link whose name alone could be a misspelt setting: `POPLAR_PORT=tcp://...`. */
function isServiceUrl(name: string, value = ''): boolean {
  return /^POPLAR_(?:\w+_)?PORT$/.test(name) && /^(?:tcp|udp|sctp):\/\//.test(value);
}
