/** The service as its clients see it: is it up, is it fast, what goes through it. */

import type { Dashboard } from './dashboard.ts';
import { cluster, graph, number, of, quantiles, rate, saidRate, total } from './queries.ts';

export const overview: Dashboard = {
  uid: 'poplar-overview',
  title: 'Poplar: overview',
  description: 'The service as its clients see it.',
  rows: [
    {
      title: 'Now',
      panels: [
        number('Nodes ready', 'short', {
          description: 'Fewer than there are: one starts, drains or is cut off.',
          queries: [total('poplar_ready')],
        }),
        number('Maildrops open', 'short', {
          description: 'POP3 sessions that hold a maildrop.',
          queries: [total('poplar_sessions')],
        }),
        number('Logins that fail for us', 'percentunit', {
          description: 'Answered [SYS/TEMP]: an outage or an overload, never a wrong password.',
          queries: [
            {
              expr: `${rate('poplar_logins_total', [], { outcome: 'temporary' }).expr} / ${rate('poplar_logins_total').expr}`,
              legend: '',
            },
          ],
        }),
      ],
    },
    {
      title: 'POP3',
      panels: [
        graph('Logins', 'ops', {
          description: 'By what the client was told.',
          queries: [rate('poplar_logins_total', ['outcome'])],
        }),
        graph('Logins: how long', 's', {
          description: 'Mostly the hash of a password that was not seen lately.',
          queries: quantiles('poplar_login_duration_seconds'),
        }),
        graph('Commands', 'ops', {
          description: 'By verb; invalid are lines that are no command.',
          queries: [rate('poplar_commands_total', ['verb'])],
        }),
        graph('Commands refused', 'ops', {
          description: 'Answered -ERR.',
          queries: [rate('poplar_commands_total', ['verb'], { result: 'err' })],
        }),
        graph('QUIT with deletions: how long', 's', {
          description: 'A slow commit shows here.',
          queries: quantiles('poplar_update_duration_seconds'),
        }),
        graph('Sessions: how they end', 'ops', {
          description: 'Connections closed, by why.',
          queries: [rate('poplar_connections_closed_total', ['reason'], { listener: '=~pop3.*' })],
        }),
      ],
    },
    {
      title: 'Mail',
      panels: [
        graph('Messages out and in', 'ops', {
          description: 'Sent whole, marked by DELE, flagged by QUIT, purged, delivered.',
          queries: [
            { ...rate('poplar_messages_retrieved_total'), legend: 'retrieved' },
            { ...rate('poplar_messages_marked_total'), legend: 'marked' },
            { ...rate('poplar_messages_flagged_total'), legend: 'flagged' },
            { ...rate('poplar_messages_purged_total'), legend: 'purged' },
            {
              ...rate('poplar_deliveries_total', [], { outcome: 'delivered' }),
              legend: 'delivered',
            },
          ],
        }),
        graph('Bytes', 'Bps', {
          description: 'Counted when a connection ends.',
          queries: [
            { ...rate('poplar_sent_bytes_total'), legend: 'sent' },
            { ...rate('poplar_received_bytes_total'), legend: 'received' },
            { ...rate('poplar_retrieved_bytes_total'), legend: 'of messages sent' },
            { ...rate('poplar_delivered_bytes_total'), legend: 'of messages delivered' },
          ],
        }),
        graph('Deliveries', 'ops', {
          description: 'Recipients by outcome; temporary: mail waits at the mail server.',
          queries: [rate('poplar_deliveries_total', ['outcome'])],
        }),
        graph('Deliveries: how long', 's', {
          description: 'From the end of a message to its commit.',
          queries: quantiles('poplar_delivery_duration_seconds'),
        }),
        graph('Maildrops opened: messages', 'short', {
          description: 'How many there were; large ones cost memory and time when they change.',
          queries: quantiles('poplar_opened_maildrop_messages'),
        }),
        graph('Maildrops opened: size', 'bytes', {
          description: 'All messages of one, as STAT says.',
          queries: quantiles('poplar_opened_maildrop_bytes'),
        }),
        graph('Purge', 's', {
          description: 'How late the purge is, whatever node does it.',
          queries: [cluster('poplar_cluster_purge_lag_seconds', 'lag')],
        }),
        graph('Mailboxes and flagged messages', 'short', {
          description: 'Flagged ones wait for the purge or the end of their undelete window.',
          queries: [
            cluster('poplar_cluster_mailboxes', 'mailboxes'),
            cluster('poplar_cluster_flagged_messages', 'flagged'),
            cluster('poplar_cluster_purge_receipts', 'QUITs that wait'),
          ],
        }),
      ],
    },
    {
      title: 'Webhooks',
      panels: [
        graph('Events sent', 'ops', {
          description: 'Attempts by outcome; refused: the address is not allowed.',
          queries: [
            rate('poplar_webhook_attempts_total', ['outcome']),
            { ...rate('poplar_webhook_dead_letters_total'), legend: 'dead letters' },
          ],
        }),
        graph('Events kept', 'short', {
          description: 'Those that wait, and dead letters of the last 30 days; up to 10,000.',
          queries: [
            cluster('poplar_cluster_webhook_pending', 'waiting'),
            cluster('poplar_cluster_webhook_dead', 'dead'),
          ],
        }),
      ],
    },
    {
      title: 'Nodes',
      panels: [
        graph('Maildrops open', 'short', {
          description: 'By node, as of the last renewal of leases.',
          queries: [{ expr: 'max by (node) (poplar_cluster_sessions)', legend: '{{node}}' }],
        }),
        graph('Nodes', 'short', {
          description: 'By state; gone ones are kept for an hour.',
          queries: [
            { expr: 'max by (state) (poplar_cluster_nodes)', legend: '{{state}}' },
            { expr: 'sum(max by (node) (poplar_cluster_workers))', legend: 'workers' },
          ],
        }),
        graph('REST API', 'ops', {
          description:
            'Requests by the class of their status: 4xx is a client that is wrong, 5xx is us.',
          queries: [rate('poplar_admin_requests_total', ['status'])],
        }),
        graph('CPU', 'percentunit', {
          description: 'Of one processor; PostgreSQL is not in it.',
          queries: [
            {
              expr: `rate(${of('process_cpu_seconds_total', { job: 'poplar' })}[$__rate_interval])`,
              legend: '{{instance}}',
            },
          ],
        }),
      ],
    },
    {
      title: 'The whole cluster, from one place',
      panels: [
        graph('Logins', 'ops', {
          description: 'As all nodes say of themselves: also of nodes that are not scraped.',
          queries: [saidRate('poplar_cluster_logins_total', ['outcome'])],
        }),
        graph('Commands and messages', 'ops', {
          description: 'POP3 commands, and messages out, in, and gone by QUIT.',
          queries: [
            { ...saidRate('poplar_cluster_commands_total'), legend: 'commands' },
            { ...saidRate('poplar_cluster_messages_retrieved_total'), legend: 'retrieved' },
            { ...saidRate('poplar_cluster_messages_flagged_total'), legend: 'flagged' },
            { ...saidRate('poplar_cluster_messages_delivered_total'), legend: 'delivered' },
          ],
        }),
        graph('Bytes', 'Bps', {
          description: 'Counted when a connection ends.',
          queries: [
            { ...saidRate('poplar_cluster_sent_bytes_total'), legend: 'sent' },
            { ...saidRate('poplar_cluster_received_bytes_total'), legend: 'received' },
          ],
        }),
        graph('Connections', 'short', {
          description: 'Open, by node.',
          queries: [{ expr: 'max by (node) (poplar_cluster_connections)', legend: '{{node}}' }],
        }),
        graph('Event loops', 's', {
          description: 'How late nearly all timers of the worker threads were at most.',
          queries: [
            {
              expr: 'max by (node) (poplar_cluster_event_loop_delay_seconds)',
              legend: '{{node}}',
            },
          ],
        }),
      ],
    },
  ],
};
