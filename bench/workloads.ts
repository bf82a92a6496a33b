/**
 * What is measured: each workload names its maildrops, what one operation asks for, and how.
 */

export interface Workload {
  readonly name: string;
  /** What one operation is, for the table. */
  readonly operation: string;
  /** Messages in each maildrop, and the octets of each body. */
  readonly messages: number;
  readonly octets: number;
  readonly commands: readonly string[];
  readonly connections: number;
  readonly pipelined: number;
}

const kilo = 1_000;
const mega = 1_000_000;

export const workloads: readonly Workload[] = [
  {
    name: 'list-100k',
    operation: 'LIST and UIDL of 100,000 messages in an open session',
    messages: 100 * kilo,
    octets: 100,
    commands: ['LIST', 'UIDL'],
    connections: 1,
    pipelined: 1,
  },
  retrieval({ name: 'retr-4k', octets: 4 * kilo, messages: 500, pipelined: 16, connections: 4 }),
  retrieval({ name: 'retr-4k-single', octets: 4 * kilo, messages: 500, connections: 4 }),
  retrieval({ name: 'retr-50k', octets: 50 * kilo, messages: 200, pipelined: 16, connections: 4 }),
  retrieval({ name: 'retr-1m', octets: mega, messages: 20, connections: 2 }),
  retrieval({ name: 'retr-10m', octets: 10 * mega, messages: 4, connections: 2 }),
];

function retrieval(options: {
  readonly name: string;
  readonly octets: number;
  readonly messages: number;
  readonly connections: number;
  readonly pipelined?: number;
}): Workload {
  const { pipelined = 1, octets } = options;
  const how = pipelined > 1 ? `, pipelined ${pipelined} deep` : '';
  return {
    ...options,
    pipelined,
    operation: `RETR ${octets >= mega ? `${octets / mega} MB` : `${octets / kilo} KB`}${how}`,
    commands: ['RETR {n}'],
  };
}
