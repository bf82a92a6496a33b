/**
 * Sessions that find nothing new, which is what most sessions are; and a maildrop of 100,000 messages that
 * is opened and listed.
 */

import { kilo, type Workload } from './workload.ts';

const polled = { count: 512, messages: 50, octets: 1 * kilo };
/** More than every server here needs to be busy all the time: what one costs while it waits says little. */
const clients = 192;
const session = 'connect, USER, PASS, STAT, UIDL of 50, QUIT';
const large = { count: 1, messages: 100 * kilo, octets: 200 };
const quickLarge = { mail: { ...large, messages: 1 * kilo } };

export const polls: readonly Workload[] = [
  {
    name: 'poll',
    operation: `poll: ${session}`,
    task: { kind: 'poll', tls: false, pipelined: false },
    mail: polled,
    clients,
    goal: 110,
  },
  {
    name: 'poll-pipelined',
    operation: 'the same, all in one write behind the greeting',
    task: { kind: 'poll', tls: false, pipelined: true },
    mail: polled,
    clients,
  },
  {
    name: 'poll-tls',
    operation: 'the same over implicit TLS, full handshake',
    task: { kind: 'poll', tls: true, pipelined: false },
    mail: polled,
    clients,
    goal: 450,
  },
  {
    name: 'poll-steady',
    operation: 'poll, 400 a second whatever is answered (open loop)',
    task: { kind: 'poll', tls: false, pipelined: false },
    mail: polled,
    clients: 256,
    shape: { kind: 'open', operationsPerSecond: 400 },
  },
  {
    name: 'list-100k',
    operation: 'LIST and UIDL of 100,000 messages in an open session',
    task: { kind: 'listing' },
    mail: large,
    clients: 1,
    quick: quickLarge,
    goal: 1_500,
  },
  {
    name: 'open-100k',
    operation: 'open a maildrop of 100,000 messages, STAT, UIDL, QUIT, nothing new',
    task: { kind: 'poll', tls: false, pipelined: false },
    mail: large,
    clients: 1,
    quick: quickLarge,
    goal: 6_000,
  },
  {
    name: 'open-100k-changed',
    operation: 'the same behind a delivery to it, the delivery included',
    task: { kind: 'poll-changed' },
    mail: large,
    clients: 1,
    deliveredOctets: 1 * kilo,
    quick: quickLarge,
    goal: 120_000,
  },
];
