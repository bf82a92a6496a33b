/**
 * One node: everything is started in order, runs until a signal, and is stopped in the opposite
 * order.
 *
 * Theory of operation. Ports are claimed first, because that is what most often fails; then the data
 * directory, the database and its migrations, the certificate, the workers. The ops server answers
 * from the beginning and says `starting`. When every listener answers, one line that begins
 * `poplar ready` goes to standard output. A signal makes the node not ready, drains the workers
 * (which frees their locks) after a notice for load balancers, and ends what is left. Whatever was started is on one stack of things
 * to stop, so that a start that fails half-way stops just that half.
 *
 * Never: a client's bytes in this thread; a wait without a bound.
 */

import { workerUrl as adminWorkerUrl } from '@poplar/admin';
import { allocateGuards, openScores } from '@poplar/identity';
import { workerUrl as maildropWorkerUrl } from '@poplar/maildrop';
import { workerUrl as pop3WorkerUrl } from '@poplar/pop3';
import {
  type Config,
  createClusterExposition,
  createExposition,
  createLog,
  exitCode,
  followStore,
  hasTerminal,
  type Log,
  loadCertificates,
  lowerPoolPriority,
  makeTicketKeys,
  type OpsServer,
  onSignals,
  prepareDataDirectory,
  type RoleToRun,
  resolveListeners,
  Supervisor,
  say,
  startOpsServer,
  storeEvents,
  watchEnd,
} from '@poplar/runtime';
import { openStore, type Store } from '@poplar/store';
import { healthProbe } from '../probe/health-probe.ts';
import { adminKeys } from './admin-keys.ts';
import { openDatabase } from './database.ts';
import { makeDemonstration } from './demonstration.ts';
import { DrainOrder } from './drain-order.ts';
import { FigureReport } from './figure-report.ts';
import { Leases } from './leases.ts';
import { renewStatementTimeoutMs } from './limits.ts';
import { PenaltyExchange } from './penalty-exchange.ts';
import { Readiness } from './readiness.ts';
import { Reload } from './reload.ts';

/**
 * Resolves never: the process ends with its exit code. Throws what an operator can mend.
 *
 * @param readConfig reads it anew each time: at the start and at SIGHUP
 */
export async function serve(readConfig: () => Config, version: string): Promise<void> {
  const asked = readConfig();
  const log = createLog({
    level: asked.logLevel,
    base: { node: asked.nodeName, role: 'main' },
  });
  const ending = new AbortController();
  const reload = { now: (): void => {} };
  process.on('exit', () => log.flush());
  onSignals({
    drain: (signal) => {
      log.info({ signal }, 'ending');
      ending.abort();
    },
    exitNow: () => process.exit(exitCode.failed),
    reload: hasTerminal() ? null : () => reload.now(),
  });
  for (const warning of asked.warnings) log.warn({}, warning);
  await run({ asked, readConfig, version, log, ending: ending.signal, reload });
  log.info({}, 'ended');
  process.exit(exitCode.ok);
}

interface Run {
  readonly asked: Config;
  readonly readConfig: () => Config;
  readonly version: string;
  readonly log: Log;
  readonly ending: AbortSignal;
  /** Where SIGHUP finds what to do, once there is something. */
  readonly reload: { now: () => void };
}

async function run(given: Run): Promise<void> {
  const { asked, readConfig, version, log, ending, reload } = given;
  await using started = new AsyncDisposableStack();
  const endsWith = (what: string, end: () => Promise<void>) =>
    started.defer(() => watchEnd(log, what, end()));
  const resolved = await resolveListeners(asked);
  const readiness = new Readiness();
  const ops = await startOps({ config: resolved, readiness, version, log });
  if (ops !== null) endsWith('the ops listener', () => ops.close());
  await prepareDataDirectory(resolved.dataDir);
  const database = await openDatabase(resolved, log);
  endsWith('PostgreSQL', () => database.stop());
  const config: Config = { ...resolved, database: { url: database.url } };
  const store = openStore({
    databaseUrl: database.url,
    applicationName: `poplar main ${config.nodeName}`,
    shortStatementTimeoutMs: renewStatementTimeoutMs,
    meter: storeEvents(readiness.metrics),
  });
  followStore(readiness.metrics, () => store.stats());
  readiness.databaseOpened(store);
  endsWith('the database', () => store.end());
  const certificates = await loadCertificates(config);
  const demonstration = database.isEmbedded ? await makeDemonstration({ config, store }) : [];
  if (ending.aborted) return;

  const { nodeName } = config;
  const leases = new Leases({ store, nodeName, version, log });
  await leases.removeFormer();
  const { cacheOctets } = config.auth;
  const clusterKey = await store.clusterKey();
  const { shared, keys } = allocateGuards({ cacheOctets, workers: config.workers, clusterKey });
  const supervisor = new Supervisor({
    config,
    databaseUrl: database.url,
    roles: rolesToRun(config),
    certificates,
    ticketKeys: makeTicketKeys(),
    shared,
    keys: { ...keys, ...(await adminKeys(config)) },
    hooks: leases,
    log,
  });
  const workers = supervisor;
  const reloading = new Reload({ asked, running: config, certificates, readConfig, workers, log });
  const order = drainOrder({ reloading, supervisor, leases, log });
  const drains = await store.cluster.drains();
  order.begin(drains.some((drain) => drain.nodeName === nodeName));
  leases.begin({ workers, drainWanted: (isWanted) => order.heard(isWanted) });
  const scores = openScores(shared);
  const penalties = new PenaltyExchange({ store, nodeName, scores, log });
  penalties.begin();
  endsWith('an exchange of penalties', () => penalties.end());
  endsWith('a renewal of leases', () => leases.end());
  // Leases are renewed until the last session is over.
  started.defer(() => supervisor.drain(reloading.config.limits.drainTimeoutMs));
  await supervisor.start();
  lowerPoolPriority();
  if (ending.aborted) return;
  readiness.started({ supervisor, leases, order, reloading });
  const report = beginReport({ store, nodeName, supervisor, reloading, log });
  started.defer(() => report.end());
  reload.now = () => void reloading.now();

  for (const line of demonstration) say(line);
  sayReady([...supervisor.listeners, ...(ops === null ? [] : [ops.listener])], log);
  await new Promise((resolve) => ending.addEventListener('abort', resolve, { once: true }));
  readiness.draining();
  await order.endWithNotice();
}

async function startOps(parts: {
  readonly config: Config;
  readonly readiness: Readiness;
  readonly version: string;
  readonly log: Log;
}): Promise<OpsServer | null> {
  const { config, readiness, version, log } = parts;
  const { listeners, nodeName } = config;
  if (listeners.ops === null) return null;
  const exposition = createExposition({ version, node: nodeName });
  const cluster = createClusterExposition(() => readiness.clusterFigures());
  return startOpsServer({
    address: listeners.ops,
    contentType: exposition.contentType,
    metrics: async () => exposition.print(await readiness.collect()),
    clusterMetrics: () => cluster.print(),
    probe: healthProbe(config, log),
    reasonsNotReady: () => readiness.reasonsNotReady(),
  });
}

function sayReady(listeners: readonly string[], log: Log): void {
  const all = listeners.join(', ');
  say(`poplar ready: ${all}`);
  log.info({ listeners: all }, 'ready');
}

function drainOrder(parts: {
  readonly reloading: Reload;
  readonly supervisor: Supervisor;
  readonly leases: Leases;
  readonly log: Log;
}): DrainOrder {
  const { reloading, supervisor, leases, log } = parts;
  return new DrainOrder({
    admit: (isAdmitting, deadlineMs) => supervisor.admit(isAdmitting, deadlineMs),
    limits: () => reloading.config.limits,
    show: (isDraining) => leases.showDraining(isDraining),
    log,
  });
}

function beginReport(parts: {
  readonly store: Store;
  readonly nodeName: string;
  readonly supervisor: Supervisor;
  readonly reloading: Reload;
  readonly log: Log;
}): FigureReport {
  const { store, nodeName, supervisor, reloading, log } = parts;
  const report = new FigureReport({
    report: (figures) => store.cluster.report({ nodeName, figures }),
    heardLogLevel: (ordered) => reloading.heardLogLevel(ordered),
    snapshots: () => supervisor.lastSnapshots,
    log,
  });
  report.begin();
  return report;
}

function rolesToRun({ roles, workers, listeners }: Config): RoleToRun[] {
  const run: RoleToRun[] = [];
  if (roles.includes('pop3')) {
    run.push({ role: 'pop3', workerUrl: pop3WorkerUrl, count: workers });
  }
  if (roles.includes('maildrop')) {
    run.push({ role: 'maildrop', workerUrl: maildropWorkerUrl, count: 1 });
  }
  if (listeners.admin !== null) {
    run.push({ role: 'admin', workerUrl: adminWorkerUrl, count: 1 });
  }
  return run;
}
