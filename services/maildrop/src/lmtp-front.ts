/**
 * LMTP put together: a session and a connection for each socket accepted, and what is counted of
 * them.
 *
 * Never: the store; `accept-message.ts` is the only way to it.
 */

import type { Socket } from 'node:net';
import { LmtpSession, OctetBudget } from '@poplar/protocol';
import type { Config, Log, MetricSet } from '@poplar/runtime';
import { type AcceptMessage, failureCode, type Mailbox } from './accept-message.ts';
import { incomingOctetsMin } from './limits.ts';
import { type EndReason, LmtpConnection } from './lmtp-connection.ts';
import { LmtpListener, type Swept } from './lmtp-listener.ts';
import type { StartTls } from './starttls.ts';

export interface LmtpFrontParts {
  readonly config: Config;
  readonly metrics: MetricSet;
  readonly log: Log;
  readonly accept: AcceptMessage;
  readonly startTls: StartTls;
}

/** A listener that listens on nothing yet. */
export function makeLmtpListener(parts: LmtpFrontParts): LmtpListener {
  const { config, metrics, log, accept, startTls } = parts;
  const { hostname } = config;
  const { messageOctetsMax } = config.limits;
  const budget = new OctetBudget(Math.max(incomingOctetsMin, 2 * messageOctetsMax));
  const nowMs = () => performance.now();

  const connect = (socket: Socket, ended: (reason: EndReason) => void): Swept => {
    const peer = peerOf(socket);
    const session = new LmtpSession<Mailbox>({
      hostname,
      messageOctetsMax,
      budget,
      offerStartTls: true,
    });
    const connection = new LmtpConnection<Mailbox>(socket, {
      session,
      perform: (effect) =>
        effect.kind === 'deliver' ? accept.deliver(effect, peer) : accept.resolve(effect.address),
      startTls,
      nowMs,
      broke: (error) => {
        const fields = { event: 'failure', during: 'connection', code: failureCode(error), peer };
        log.error(fields, 'a connection failed', error);
      },
      ended: (reason) => {
        metrics.add('poplar_received_bytes_total', connection.octetsIn, 'lmtp');
        metrics.add('poplar_sent_bytes_total', connection.octetsOut, 'lmtp');
        ended(reason);
      },
    });
    return connection;
  };
  return new LmtpListener({
    connect,
    opened: () => {
      metrics.inc('poplar_connections_opened_total', 'lmtp');
      metrics.add('poplar_connections', 1, 'lmtp');
    },
    closed: (reason) => countClosed(metrics, reason),
  });
}

/** Where this service's words for an end differ from those of the metric. */
const closeLabels: Partial<Record<EndReason | 'full', string>> = {
  'too-many-faults': 'too-many-errors',
  'starttls-injection': 'stls-injection',
  timeout: 'idle-timeout',
  abandoned: 'client-closed',
};

function countClosed(metrics: MetricSet, reason: EndReason | 'full'): void {
  metrics.inc('poplar_connections_closed_total', 'lmtp', closeLabels[reason] ?? reason);
  metrics.add('poplar_connections', -1, 'lmtp');
  if (reason === 'starttls-injection') metrics.inc('poplar_stls_injections_total');
}

/** As RFC 5321 §4.4 writes it in a Received line. */
function peerOf(socket: Socket): string {
  const address = socket.remoteAddress;
  if (address === undefined) return 'local socket';
  return address.includes(':') ? `[IPv6:${address}]` : `[${address}]`;
}
