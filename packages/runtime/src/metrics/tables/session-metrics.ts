/**
 * Connections, POP3 sessions and what was said in them.
 *
 * Never: a number for each client.
 */

import { durationBuckets, type LabelDefinition, listener, type MetricTable } from './definition.ts';

const closeReason: LabelDefinition = {
  name: 'reason',
  values: [
    'quit',
    'client-closed',
    'client-reset',
    'login-timeout',
    'idle-timeout',
    'write-stall',
    'tls-failed',
    'too-many-errors',
    'too-many-failures',
    'too-much-before-login',
    'stls-injection',
    'wrong-protocol',
    'broken-message',
    'not-updated',
    'owner-lost',
    'cut-off',
    'taken-over',
    'kicked',
    'evicted',
    'full',
    'address-full',
    'proxy-untrusted',
    'proxy-malformed',
    'proxy-timeout',
    'shutdown',
    'error',
  ],
};

const verb: LabelDefinition = {
  name: 'verb',
  values: [
    ...['APOP', 'AUTH', 'CAPA', 'DELE', 'LIST', 'NOOP', 'PASS', 'QUIT'],
    ...['RETR', 'RSET', 'STAT', 'STLS', 'TOP', 'UIDL', 'USER', 'invalid'],
  ],
};

/** From a reply out of memory to a large message for a slow client. */
const commandBuckets = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5, 10, 60,
];

export const sessionMetrics = {
  poplar_connections_opened_total: {
    type: 'counter',
    help: 'Connections accepted.',
    labels: [listener],
  },
  poplar_connections_closed_total: {
    type: 'counter',
    help: 'Connections closed, by why.',
    labels: [listener, closeReason],
  },
  poplar_connections: { type: 'gauge', help: 'Connections open now.', labels: [listener] },
  poplar_received_bytes_total: {
    type: 'counter',
    help: 'Bytes that clients sent, inside TLS, counted when their connection ends.',
    labels: [listener],
  },
  poplar_sent_bytes_total: {
    type: 'counter',
    help: 'Bytes sent to clients, inside TLS, counted when their connection ends.',
    labels: [listener],
  },
  poplar_sessions: { type: 'gauge', help: 'POP3 sessions that hold a maildrop now.' },
  poplar_opened_maildrop_messages: {
    type: 'histogram',
    help: 'Messages of maildrops as sessions opened them.',
    buckets: [0, 1, 10, 50, 100, 500, 1_000, 5_000, 10_000, 50_000, 100_000],
  },
  poplar_opened_maildrop_bytes: {
    type: 'histogram',
    help: 'Bytes of all messages of maildrops as sessions opened them, as STAT says.',
    buckets: [0, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10],
  },
  poplar_session_duration_seconds: {
    type: 'histogram',
    help: 'Of a connection that opened a maildrop, from its first moment to its last.',
    buckets: [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 600, 1_800, 3_600],
  },
  poplar_commands_total: {
    type: 'counter',
    help: 'POP3 commands that were answered, by what the answer began with; "invalid" is no command.',
    labels: [verb, { name: 'result', values: ['ok', 'err'] }],
  },
  poplar_command_duration_seconds: {
    type: 'histogram',
    help: 'From when a POP3 command could be looked at to its answer, a message as far as the socket took it.',
    labels: [verb],
    buckets: commandBuckets,
  },
  poplar_messages_retrieved_total: {
    type: 'counter',
    help: 'Messages sent whole (RETR), counted when their session ends.',
  },
  poplar_retrieved_bytes_total: {
    type: 'counter',
    help: 'Bytes of messages sent, by RETR and TOP, dot-stuffed, counted when their session ends.',
  },
  poplar_messages_marked_total: {
    type: 'counter',
    help: 'Messages that were marked as deleted when their session ended, whatever became of them.',
  },
  poplar_messages_flagged_total: {
    type: 'counter',
    help: 'Messages that a QUIT removed from their maildrop.',
  },
  poplar_update_duration_seconds: {
    type: 'histogram',
    help: 'From QUIT with marked messages to the commit.',
    buckets: durationBuckets,
  },
  poplar_stls_injections_total: {
    type: 'counter',
    help: 'Connections that sent octets behind STLS before TLS was up: an attack or a broken client.',
  },
  poplar_tls_handshakes_total: {
    type: 'counter',
    help: 'TLS handshakes completed.',
    labels: [listener, { name: 'session', values: ['new', 'resumed'] }],
  },
  poplar_tls_versions_total: {
    type: 'counter',
    help: 'TLS handshakes completed with POP3 clients, by version.',
    labels: [{ name: 'version', values: ['TLSv1.2', 'TLSv1.3'] }],
  },
} as const satisfies MetricTable;
