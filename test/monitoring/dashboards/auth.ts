/** Who tries to log in, how, and what it costs. */

import type { Dashboard } from './dashboard.ts';
import { graph, hitRatio, quantiles, rate, total } from './queries.ts';

export const auth: Dashboard = {
  uid: 'poplar-auth',
  title: 'Poplar: logins',
  description: 'Who tries to log in, how, and what it costs.',
  rows: [
    {
      title: 'Attempts',
      panels: [
        graph('By outcome', 'ops', {
          description: 'What the client was told.',
          queries: [rate('poplar_logins_total', ['outcome'])],
        }),
        graph('By mechanism', 'ops', {
          description: 'USER is USER and PASS.',
          queries: [rate('poplar_logins_total', ['mechanism'])],
        }),
        graph('Refused, by reason', 'ops', {
          description: 'Finer than what the client was told.',
          queries: [rate('poplar_login_reasons_total', ['reason'], { reason: '!=opened' })],
        }),
        graph('Wrong, by mechanism', 'ops', {
          description: 'Guessing has its favourite.',
          queries: [rate('poplar_logins_total', ['mechanism'], { outcome: 'credentials' })],
        }),
        graph('How long', 's', {
          description: 'From the last octet of an attempt to its answer.',
          queries: quantiles('poplar_login_duration_seconds'),
        }),
        graph('Put out before login', 'ops', {
          description: 'Strangers, crowds, scanners.',
          queries: [
            rate('poplar_connections_closed_total', ['reason'], {
              reason:
                '=~login-timeout|evicted|full|address-full|too-many-failures|too-much-before-login|wrong-protocol',
            }),
          ],
        }),
      ],
    },
    {
      title: 'Hashes',
      panels: [
        graph('Passwords that needed no hash', 'percentunit', {
          description: 'Near 1 where clients poll.',
          queries: [
            hitRatio(
              'poplar_verification_cache_hits_total',
              'poplar_verification_cache_misses_total',
              'known',
            ),
          ],
        }),
        graph('Hashes: how long', 's', {
          description: 'The wait for a place included.',
          queries: quantiles('poplar_hash_duration_seconds'),
        }),
        graph('Hashes now', 'short', {
          description: 'Many that wait: guessing, or everybody at once after a restart.',
          queries: [
            { ...total('poplar_hashes_running'), legend: 'running' },
            { ...total('poplar_hashes_waiting'), legend: 'waiting' },
          ],
        }),
      ],
    },
  ],
};
