/** One node, or some, from inside: threads, connections, memory, caches. */

import type { Dashboard } from './dashboard.ts';
import { graph, hitRatio, of, quantiles, rate, total } from './queries.ts';

export const node: Dashboard = {
  uid: 'poplar-node',
  title: 'Poplar: node',
  description: 'Threads, connections, memory and caches of the chosen nodes.',
  rows: [
    {
      title: 'Threads',
      panels: [
        graph('Event loops: busy', 'percentunit', {
          description: 'Above 0.9 the worker is the bottleneck.',
          queries: [
            {
              expr: of('poplar_worker_event_loop_utilization'),
              legend: '{{instance}} {{role}} {{worker}}',
            },
          ],
        }),
        graph('Event loops: how late', 's', {
          description: 'What a client waits because its worker does something else.',
          queries: quantiles('poplar_event_loop_delay_seconds', ['instance']),
        }),
        graph('Event loops: how late at most', 's', {
          description:
            'Of each worker, within a minute: one that is slow is not hidden by the others.',
          queries: [
            {
              expr: of('poplar_worker_event_loop_delay_max_seconds'),
              legend: '{{instance}} {{role}} {{worker}}',
            },
          ],
        }),
        graph('Garbage collection', 'percentunit', {
          description: 'Share of the time, all workers together.',
          queries: [rate('poplar_gc_duration_seconds_sum', ['instance', 'kind'])],
        }),
        graph('Workers replaced', 'short', {
          description: 'They ended or were stuck; see the log.',
          queries: [total('poplar_worker_restarts_total', ['instance', 'role'])],
        }),
        graph('Commands: how long', 's', {
          description: 'From when a command could be looked at to its answer.',
          queries: quantiles('poplar_command_duration_seconds', ['verb']),
        }),
        graph('Spans of traces', 'ops', {
          description:
            'Dropped ones: the collector is away or slow. None unless tracing.url is set.',
          queries: [rate('poplar_spans_total', ['outcome'])],
        }),
        graph('Scrapes that a worker missed', 'short', {
          description: 'It was busy for a second; its last numbers were used.',
          queries: [total('poplar_worker_scrape_failed', ['instance'])],
        }),
      ],
    },
    {
      title: 'Connections',
      panels: [
        graph('Connections', 'short', {
          description: 'Open now, by listener.',
          queries: [total('poplar_connections', ['listener'])],
        }),
        graph('Connections opened', 'ops', {
          description: 'By listener.',
          queries: [rate('poplar_connections_opened_total', ['listener'])],
        }),
        graph('TLS handshakes', 'ops', {
          description: 'Resumed ones cost little.',
          queries: [
            rate('poplar_tls_handshakes_total', ['session']),
            rate('poplar_tls_versions_total', ['version']),
          ],
        }),
        graph('Sessions: how long', 's', {
          description: 'Of connections that opened a maildrop.',
          queries: quantiles('poplar_session_duration_seconds'),
        }),
        graph('File descriptors', 'short', {
          description: 'In use, and as many as there may be.',
          queries: [
            { expr: of('process_open_fds', { job: 'poplar' }), legend: '{{instance}} open' },
            { expr: of('process_max_fds', { job: 'poplar' }), legend: '{{instance}} at most' },
          ],
        }),
        graph('Octets behind STLS', 'ops', {
          description: 'Attacks or broken clients.',
          queries: [rate('poplar_stls_injections_total')],
        }),
      ],
    },
    {
      title: 'Memory and caches',
      panels: [
        graph('Memory', 'bytes', {
          description: 'Resident, of all threads together.',
          queries: [
            {
              expr: of('process_resident_memory_bytes', { job: 'poplar' }),
              legend: '{{instance}}',
            },
          ],
        }),
        graph('Heaps and buffers of workers', 'bytes', {
          description: 'A heap that only grows is a leak.',
          queries: [
            { ...total('poplar_worker_heap_bytes', ['instance']), legend: '{{instance}} heap' },
            {
              ...total('poplar_worker_external_bytes', ['instance']),
              legend: '{{instance}} beside',
            },
          ],
        }),
        graph('Caches: hits', 'percentunit', {
          description: 'Lists of messages, names, and passwords that needed no hash.',
          queries: [
            hitRatio(
              'poplar_snapshot_cache_hits_total',
              'poplar_snapshot_cache_misses_total',
              'lists',
            ),
            hitRatio('poplar_login_cache_hits_total', 'poplar_login_cache_misses_total', 'names'),
            hitRatio(
              'poplar_verification_cache_hits_total',
              'poplar_verification_cache_misses_total',
              'passwords',
            ),
          ],
        }),
        graph('Caches: size', 'bytes', {
          description: 'Memory of lists of messages.',
          queries: [total('poplar_snapshot_cache_bytes', ['instance'])],
        }),
        graph('Names remembered', 'short', {
          description: 'Of logins.',
          queries: [total('poplar_login_cache_entries', ['instance'])],
        }),
        graph('Bodies read', 'ops', {
          description: 'Small ones in batches, large ones as streams; slices are for slow readers.',
          queries: [rate('poplar_body_reads_total', ['way'])],
        }),
      ],
    },
  ],
};
