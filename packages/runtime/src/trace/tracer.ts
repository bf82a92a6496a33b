/**
 * Traces: spans of what was done for one connection or message, if somebody collects them. Off unless
 * `tracing.url` is set; then, and only then, the exporter is loaded.
 *
 * Never: a name, an address or a secret in a span (the id leads to the log, which knows who may be told);
 * anybody kept waiting because spans cannot be sent.
 */

import type { MetricSet } from '../metrics/metric-set.ts';

export type SpanValue = string | number | boolean | null;

export interface Span {
  readonly name: string;
  /** Of the connection or the message: spans of one are one trace. */
  readonly id: string;
  /** The span of the whole of it, which the others are parts of. */
  readonly isWhole: boolean;
  /** By `performance.now()`, as all moments of a thread. */
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  /** Because of us: a client that is refused is no failure. */
  readonly isFailed: boolean;
  readonly attributes: Readonly<Record<string, SpanValue>>;
}

export interface Tracer {
  /** Whether it is worth making spans. */
  readonly isOn: boolean;
  record(span: Span): void;
  /** Sends what is left, or gives up. */
  end(): Promise<void>;
}

export const noTracer: Tracer = { isOn: false, record: () => {}, end: async () => {} };

export interface TracerOptions {
  /** Of a collector, without its path; null for none. */
  readonly url: string | null;
  readonly nodeName: string;
  readonly role: string;
  readonly metrics: MetricSet;
}

export async function openTracer(options: TracerOptions): Promise<Tracer> {
  const { url } = options;
  if (url === null) return noTracer;
  const { OtlpExporter } = await import('./otlp-exporter.ts');
  return new OtlpExporter({ ...options, url });
}
