/**
 * Messages of all sizes, read in sessions that stay open.
 */

import { kilo, mega, type Workload } from './workload.ts';

const quickMessages = 64;

interface Retrieval {
  readonly name: string;
  readonly octets: number;
  readonly messages: number;
  readonly clients: number;
  readonly pipelined?: number;
  readonly tls?: boolean;
  readonly goal: number;
}

function retrieval(options: Retrieval): Workload {
  const { name, octets, messages, clients, pipelined = 1, tls = false, goal } = options;
  const size = octets >= mega ? `${octets / mega} MB` : `${octets / kilo} KB`;
  const how = pipelined > 1 ? `, pipelined ${pipelined} deep` : '';
  return {
    name,
    operation: `RETR ${size}${tls ? ' over TLS' : ''}${how}`,
    task: { kind: 'retrieval', tls, pipelined },
    mail: { count: clients, messages, octets },
    clients,
    quick: { mail: { count: clients, messages: Math.min(messages, quickMessages), octets } },
    goal,
  };
}

export const retrievals: readonly Workload[] = [
  retrieval({
    ...{ name: 'retr-4k', octets: 4 * kilo, messages: 500, clients: 4 },
    ...{ pipelined: 16, goal: 16 },
  }),
  retrieval({ name: 'retr-4k-single', octets: 4 * kilo, messages: 500, clients: 4, goal: 25 }),
  retrieval({
    ...{ name: 'retr-50k', octets: 50 * kilo, messages: 200, clients: 4 },
    ...{ pipelined: 16, goal: 75 },
  }),
  retrieval({
    ...{ name: 'retr-50k-tls', octets: 50 * kilo, messages: 200, clients: 4 },
    ...{ pipelined: 16, tls: true, goal: 150 },
  }),
  retrieval({ name: 'retr-1m', octets: mega, messages: 20, clients: 2, goal: 1_300 }),
  retrieval({ name: 'retr-10m', octets: 10 * mega, messages: 4, clients: 2, goal: 13_000 }),
];
