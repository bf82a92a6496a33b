/**
 * Mail that comes and goes, and a day with all of it.
 */

import { kilo, type Workload } from './workload.ts';

export const changes: readonly Workload[] = [
  {
    name: 'churn',
    operation: 'deliver 10 KB by LMTP; a session: STAT, UIDL, LIST, RETR and DELE of it, QUIT',
    task: { kind: 'churn' },
    mail: { count: 256, messages: 10, octets: 4 * kilo },
    clients: 16,
    deliveredOctets: 10 * kilo,
    usesUp: true,
  },
  {
    name: 'drain',
    operation: 'RETR 4 KB and DELE of each of 200, pipelined, QUIT, purge: per message',
    task: { kind: 'drain', pipelined: 16 },
    mail: { count: 320, messages: 200, octets: 4 * kilo },
    clients: 8,
    usesUp: true,
    quick: { mail: { count: 48, messages: 100, octets: 4 * kilo } },
    goal: 40,
  },
  {
    name: 'deliver',
    operation: 'deliver 10 KB to one recipient by LMTP',
    task: { kind: 'delivery' },
    mail: { count: 256, messages: 0, octets: 1 * kilo },
    clients: 16,
    deliveredOctets: 10 * kilo,
    usesUp: true,
  },
  {
    name: 'day',
    operation:
      'a mixed day, 200 a second: sessions of which 95% find nothing (a tenth over TLS) and 5% fetch new mail, and its delivery',
    task: {
      kind: 'mixed',
      weights: { poll: 0.81, 'poll-tls': 0.09, fetch: 0.0475, delivery: 0.0525 },
    },
    mail: { count: 1_024, messages: 30, octets: 8 * kilo },
    clients: 128,
    shape: { kind: 'open', operationsPerSecond: 200 },
    deliveredOctets: 10 * kilo,
    usesUp: true,
    quick: { mail: { count: 512, messages: 10, octets: 8 * kilo } },
  },
];

/** More mailboxes than sessions, where those that are opened must be new: the rest are for warming up. */
const idle = { count: 10 * kilo, messages: 3, octets: 1 * kilo };
const spare = { ...idle, count: 12 * kilo };
const quickSessions = 600;
const quickIdle = { clients: quickSessions, mail: { ...idle, count: quickSessions } };
const quickSpare = { clients: quickSessions, mail: { ...idle, count: 1.5 * quickSessions } };

export const idles: readonly Workload[] = [
  {
    name: 'idle',
    operation: 'memory of a session that has logged in and said STAT, of 10,000',
    task: { kind: 'idle', tls: false, after: 'stat', seen: true },
    mail: idle,
    clients: idle.count,
    quick: quickIdle,
    goal: 10 * 1_024,
  },
  {
    name: 'idle-tls',
    operation: 'the same over TLS',
    task: { kind: 'idle', tls: true, after: 'stat', seen: true },
    mail: idle,
    clients: idle.count,
    quick: quickIdle,
    goal: 45 * 1_024,
  },
  {
    name: 'idle-before-login',
    isSpare: true,
    operation: 'memory of a connection that was greeted, of 10,000',
    task: { kind: 'idle', tls: false, after: 'greeting', seen: true },
    mail: idle,
    clients: idle.count,
    quick: quickIdle,
  },
  {
    name: 'idle-first-login',
    isSpare: true,
    operation: 'memory of a session with STAT, LIST and UIDL of a maildrop never seen before',
    task: { kind: 'idle', tls: false, after: 'listing', seen: false },
    mail: spare,
    clients: idle.count,
    quick: quickSpare,
  },
];
