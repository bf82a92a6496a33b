/**
 * Sends spans to a collector of OpenTelemetry: OTLP over HTTP, as JSON
 * (opentelemetry.io/docs/specs/otlp, the Trace service).
 *
 * Spans gather and leave together, one request at a time. A collector that is away or slow costs spans, which
 * are counted, and nothing else.
 *
 * Never: more spans in memory than the bound; a span sent twice.
 */

import { hash, randomBytes } from 'node:crypto';
import {
  spanBatchMax,
  spanExportTimeoutMs,
  spanFlushIntervalMs,
  spansWaitingMax,
} from '../limits.ts';
import type { MetricSet } from '../metrics/metric-set.ts';
import type { Span, SpanValue, Tracer } from './tracer.ts';

export interface OtlpExporterOptions {
  readonly url: string;
  readonly nodeName: string;
  readonly role: string;
  readonly metrics: MetricSet;
}

const spanKindServer = 2;
const [statusUnset, statusError] = [0, 2];

export class OtlpExporter implements Tracer {
  readonly isOn = true;
  readonly #options: OtlpExporterOptions;
  readonly #endpoint: string;
  readonly #timer: NodeJS.Timeout;
  #waiting: Span[] = [];
  #sending: Promise<void> | null = null;

  constructor(options: OtlpExporterOptions) {
    this.#options = options;
    this.#endpoint = `${options.url.replace(/\/+$/, '')}/v1/traces`;
    this.#timer = setInterval(() => void this.#flush(), spanFlushIntervalMs);
    this.#timer.unref();
  }

  record(span: Span): void {
    if (this.#waiting.length >= spansWaitingMax) this.#count('dropped', 1);
    else this.#waiting.push(span);
  }

  async end(): Promise<void> {
    clearInterval(this.#timer);
    await this.#flush();
    // What came while the last request was under way.
    await this.#flush();
  }

  /** One batch, or the one that is under way. */
  #flush(): Promise<void> {
    if (this.#sending !== null) return this.#sending;
    const batch = this.#waiting.splice(0, spanBatchMax);
    if (batch.length === 0) return Promise.resolve();
    this.#sending = this.#send(batch).finally(() => {
      this.#sending = null;
    });
    return this.#sending;
  }

  async #send(batch: readonly Span[]): Promise<void> {
    let isTaken = false;
    try {
      const answer = await fetch(this.#endpoint, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(this.#request(batch)),
        redirect: 'error',
        signal: AbortSignal.timeout(spanExportTimeoutMs),
      });
      isTaken = answer.ok;
      await answer.body?.cancel();
    } catch {
      // Whatever it was, it is counted below.
    }
    this.#count(isTaken ? 'sent' : 'dropped', batch.length);
  }

  #count(outcome: 'sent' | 'dropped', spans: number): void {
    this.#options.metrics.add('poplar_spans_total', spans, outcome);
  }

  #request(batch: readonly Span[]): object {
    const { nodeName, role } = this.#options;
    const resource = {
      attributes: attributesOf({
        'service.name': 'poplar',
        'service.namespace': role,
        'service.instance.id': nodeName,
      }),
    };
    return {
      resourceSpans: [
        { resource, scopeSpans: [{ scope: { name: 'poplar' }, spans: batch.map(otlpSpan) }] },
      ],
    };
  }
}

function otlpSpan(span: Span): object {
  // 16 octets name the trace and 8 the span of the whole: both follow from the id.
  const digest = hash('sha256', span.id, 'hex');
  const whole = digest.slice(32, 48);
  const place = span.isWhole
    ? { spanId: whole }
    : { spanId: randomBytes(8).toString('hex'), parentSpanId: whole };
  return {
    traceId: digest.slice(0, 32),
    ...place,
    name: span.name,
    kind: spanKindServer,
    startTimeUnixNano: unixNano(span.startedAtMs),
    endTimeUnixNano: unixNano(span.endedAtMs),
    attributes: attributesOf({ 'poplar.id': span.id, ...span.attributes }),
    status: { code: span.isFailed ? statusError : statusUnset },
  };
}

function unixNano(ms: number): string {
  return `${BigInt(Math.round((performance.timeOrigin + ms) * 1_000))}000`;
}

function attributesOf(values: Readonly<Record<string, SpanValue>>): object[] {
  return Object.entries(values)
    .filter(([, value]) => value !== null)
    .map(([key, value]) => ({ key, value: otlpValue(value) }));
}

/** 64-bit integers are text in this JSON. */
function otlpValue(value: SpanValue): object {
  if (typeof value === 'boolean') return { boolValue: value };
  if (typeof value !== 'number') return { stringValue: String(value) };
  return Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value };
}
