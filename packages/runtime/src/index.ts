/**
 * The door of this package: what every process and worker thread of a node needs, whatever it does.
 *
 * Never: POP3, LMTP, SQL, a password's check. It does not know the other packages.
 */

export type { AuthSettings } from './config/auth-settings.ts';
export {
  type Address,
  type CleartextRule,
  type Config,
  type Limits,
  type Listeners,
  type LogLevel,
  type PathAddress,
  type Pop3Listener,
  type Pop3TlsMode,
  printAddress,
  type Role,
  type TakeoverRule,
  type TcpAddress,
} from './config/config.ts';
export { ConfigError } from './config/config-error.ts';
export { type DescribedSetting, describeConfig, hidePassword } from './config/describe-config.ts';
export { type LoadOptions, loadConfig } from './config/load-config.ts';
export { type Reloaded, reloadConfig } from './config/reload-config.ts';
export { prepareDataDirectory, requireDataDirectory } from './data-directory.ts';
export {
  type EmbeddedPostgres,
  type EmbeddedPostgresOptions,
  startEmbeddedPostgres,
  useEmbeddedPostgres,
} from './embedded-postgres/embedded-postgres.ts';
export { keptMemory } from './embedded-postgres/kept-memory.ts';
export {
  startTemporaryPostgres,
  type TemporaryPostgresOptions,
} from './embedded-postgres/temporary.ts';
export { exitCode, fatal, StartError } from './lifecycle/fatal.ts';
export { onSignals, type SignalActions } from './lifecycle/signals.ts';
export { watchEnd } from './lifecycle/slow-end.ts';
export { hasTerminal, say } from './lifecycle/terminal.ts';
export { assertPortFree, ListenError, listenProblem, resolveListeners } from './listen.ts';
export {
  createLog,
  type Log,
  type LogBase,
  type LogFields,
  type LogOptions,
  type LogValue,
  silentLog,
} from './log/log.ts';
export { type ClusterExposition, createClusterExposition } from './metrics/cluster-exposition.ts';
export { type Collected, createExposition, type Exposition } from './metrics/exposition.ts';
export { MetricSet } from './metrics/metric-set.ts';
export { type MetricName, metricDefinitions, metricTable } from './metrics/metric-table.ts';
export { NodeFigureReader, type NodeFigures } from './metrics/node-figures.ts';
export {
  followStore,
  type StoreEvents,
  type StoreNumbers,
  storeEvents,
} from './metrics/store-metrics.ts';
export { type ClusterFigures, clusterMetrics } from './metrics/tables/cluster-metrics.ts';
export { type OpsOptions, type OpsServer, startOpsServer } from './ops/ops-server.ts';
export {
  placeFields,
  type ReloadedParts,
  type SharedKeys,
  type SharedMemory,
  type WorkerPlace,
} from './thread/messages.ts';
export { lowerPoolPriority } from './thread/pool-priority.ts';
export {
  type Owner,
  type RoleToRun,
  Supervisor,
  type SupervisorOptions,
} from './thread/supervisor.ts';
export {
  type RoleInstance,
  runWorker,
  type StartRole,
  type WorkerContext,
} from './thread/worker.ts';
export type { OwnerHooks } from './thread/worker-slot.ts';
export {
  CertificateError,
  type CertificatePair,
  type CertificateSet,
  certificateEnd,
  loadCertificates,
  makeTicketKeys,
  type NamedCertificate,
} from './tls/certificates.ts';
export { noTracer, type Span, type Tracer } from './trace/tracer.ts';
export { listenOnPath } from './unix-socket.ts';
