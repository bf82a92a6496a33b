/**
 * The suites of `npm test`, in the order in which they run: what is quick and tells most comes first.
 *
 * Never: a suite without a bound in time.
 */

export interface Phase {
  readonly name: string;
  /** Globs from the root of the repository. */
  readonly files: readonly string[];
  /** All files in one process, for tests that leave nothing behind in it. */
  readonly isolated: boolean;
  /** Files at once; two cores are assumed. */
  readonly concurrency: number;
  readonly withinMs: number;
  /** 100% of the branches of these files, measured by the tests of this phase. */
  readonly branchesOf?: string;
  /** Debian's programs that it talks to or runs; see `.ci/run`. */
  readonly peers?: readonly string[];
  /** It mounts file systems, which only root may. */
  readonly mounts?: boolean;
  /** Programs of another PostgreSQL than the embedded one, and its major version. */
  readonly postgres?: { readonly directory: string; readonly major: number };
  /** False: only with --soak or by name. */
  readonly always?: boolean;
}

const minuteMs = 60_000;

/** Files that are not run with their folder. */
const crashes = ['kill-loop', 'stopped-node', 'cut-database', 'lost-commit', 'pool-exhaustion'];
const apart = ['haproxy', 'failover', 'standby-gone', 'disk-full', ...crashes];

export const phases: readonly Phase[] = [
  {
    name: 'protocol',
    files: ['packages/protocol/src/**/*.test.ts'],
    isolated: false,
    concurrency: 1,
    withinMs: 2 * minuteMs,
    branchesOf: 'packages/protocol/src',
  },
  {
    name: 'unit',
    files: [
      'packages/{identity,runtime,store}/src/**/*.test.ts',
      'services/*/src/**/*.test.ts',
      'test/support/**/*.test.ts',
      'bench/**/*.test.ts',
    ],
    isolated: true,
    concurrency: 2,
    withinMs: 8 * minuteMs,
  },
  {
    // The oldest PostgreSQL that is served, as Debian has it.
    name: 'store-15',
    files: ['packages/store/src/**/*.test.ts', 'test/cluster/two-nodes.test.ts'],
    isolated: true,
    concurrency: 2,
    withinMs: 4 * minuteMs,
    postgres: { directory: '/usr/lib/postgresql/15/bin', major: 15 },
    peers: ['/usr/lib/postgresql/15/bin/postgres'],
  },
  {
    name: 'house',
    files: ['test/house/**/*.test.ts'],
    isolated: false,
    concurrency: 1,
    withinMs: minuteMs,
  },
  {
    name: 'simulation',
    files: ['test/simulation/*.test.ts'],
    isolated: true,
    // Seeds run on all cores by themselves.
    concurrency: 1,
    withinMs: 6 * minuteMs,
  },
  ...['conformance', 'login', 'admin', 'cluster', 'faults'].map((name) => ({
    name,
    files: [`test/${name}/**/!(${apart.join('|')}).test.ts`],
    isolated: true,
    concurrency: 2,
    withinMs: 6 * minuteMs,
  })),
  {
    // Apart from its folder: only this one needs a program that may be missing.
    name: 'haproxy',
    files: ['test/cluster/haproxy.test.ts'],
    isolated: true,
    concurrency: 1,
    withinMs: 2 * minuteMs,
    peers: ['/usr/sbin/haproxy'],
  },
  {
    // Apart as well: they mostly wait, for leases and for whoever was killed, so more go at once.
    name: 'crashes',
    files: crashes.map((name) => `test/faults/${name}.test.ts`),
    isolated: true,
    concurrency: 3,
    withinMs: 6 * minuteMs,
  },
  {
    // Apart as well: it needs root, for a disk that is small.
    name: 'disk-full',
    files: ['test/faults/disk-full.test.ts'],
    isolated: true,
    concurrency: 1,
    withinMs: 3 * minuteMs,
    peers: ['mount', 'umount', 'unshare'],
    mounts: true,
  },
  {
    // Apart as well: the embedded PostgreSQL cannot make a standby.
    name: 'failover',
    files: ['test/faults/{failover,standby-gone}.test.ts'],
    isolated: true,
    // The second one mostly waits.
    concurrency: 2,
    withinMs: 6 * minuteMs,
    postgres: { directory: '/usr/lib/postgresql/15/bin', major: 15 },
    peers: ['/usr/lib/postgresql/15/bin/postgres', '/usr/lib/postgresql/15/bin/pg_basebackup'],
  },
  {
    name: 'prometheus',
    files: ['test/monitoring/**/*.test.ts'],
    isolated: true,
    concurrency: 1,
    withinMs: 4 * minuteMs,
    peers: ['prometheus', 'promtool'],
  },
  {
    name: 'console',
    files: ['test/console/**/*.test.ts'],
    isolated: true,
    concurrency: 2,
    withinMs: 6 * minuteMs,
    peers: ['/usr/bin/chromium'],
  },
  {
    name: 'interop',
    files: ['test/interop/**/*.test.ts'],
    isolated: true,
    concurrency: 2,
    withinMs: 6 * minuteMs,
    peers: ['curl', 'openssl', 'fetchmail', 'mpop', 'getmail', 'python3', 'perl'],
  },
  {
    name: 'mutants',
    files: ['test/simulation/mutants/*.test.ts'],
    isolated: true,
    concurrency: 1,
    withinMs: 10 * minuteMs,
    always: false,
  },
];
