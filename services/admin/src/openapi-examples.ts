/**
 * An example for each body of the description, so that its page can send what streams take and shows what answers
 * look like. One that a schema has itself stands; any other is put together from the examples of its parts, with the
 * names below for the rest. Streams, which have no schema of their parts, are written out here.
 *
 * Never: a look at what a route does; a change of what is validated: this is the description alone.
 */

import type { FastifySchema } from 'fastify';

/** What a stream takes or gives, by its type. A tar archive has no text that could stand for it. */
const streams: Readonly<Record<string, string>> = {
  'message/rfc822':
    'From: Ben <ben@example.net>\r\nTo: ann@example.org\r\nSubject: Hello\r\n\r\nHello Ann.\r\n',
  'application/mbox':
    'From ben@example.net Tue Nov 24 08:00:00 2026\nFrom: ben@example.net\nSubject: Hello\n\nHello Ann.\n\n',
  'text/csv': 'address,password\nann@example.org,correct horse battery staple\n',
  'text/event-stream':
    'event: job\ndata: {"jobId":"12","state":"complete"}\n\nevent: end\ndata: {}\n\n',
  'text/plain':
    '# HELP poplar_cluster_sessions Maildrops open.\n# TYPE poplar_cluster_sessions gauge\npoplar_cluster_sessions{node="node-1"} 12\n',
};

/** NDJSON is many things. */
const lines: Readonly<Record<string, string>> = {
  'request /mailboxes/bulk':
    '{"address":"ann@example.org","password":"correct horse battery staple"}\n{"address":"ben@example.org"}\n',
  'answer /mailboxes/bulk':
    '{"line":1,"address":"ann@example.org","outcome":"created"}\n' +
    '{"line":2,"address":"ben@example.org","outcome":"exists"}\n' +
    '{"done":true,"created":1,"exists":1,"refused":0}\n',
  'answer /mailboxes/{address}/import':
    '{"jobId":"12","position":0}\n{"done":true,"jobId":"12","state":"complete","position":2,"messages":2}\n',
};

/** Of fields whose schema has none. */
const names: Readonly<Record<string, string | number | boolean | null>> = {
  ...{ credentialId: '7', appPassword: 'k7qm-w3xd-p9ta-h2vn', label: 'phone', kind: 'password' },
  ...{ certificateName: null, lastUsedOn: '2026-11-24', outcome: 'set', octets: 4_096 },
  ...{ messageId: '41', uidl: 'AAAAAAAAACkB7xk0T0pVnq9T3yG1Wb2e', restored: 2, purged: 2 },
  ...{ node: 'node-1', worker: 0, client: '192.0.2.7', state: 'up', workers: 4, sessions: 12 },
  ...{ tokenId: '3', token: 'poplar_0123456789abcdefghijklmnopqrstuvwxyzABCDEFG', scope: 'read' },
  ...{ createdBy: 'root', webhookId: '5', secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' },
  ...{ deliveryId: '9', eventId: '01988f3c-7d6c-7e4e-9a50-0f8f2f8c2d11', attempts: 1 },
  ...{ actor: 'token:3 monitoring', domain: null, next: null, more: false },
  ...{ revokedAt: null, expiresAt: null, deletedAt: null, address: 'ann@example.org' },
  ...{ replicationLagMs: null, mailboxes: 2_000, connectionsMax: 100 },
};

type Json = Record<string, unknown>;

/** The body of a route that takes a stream: the validator is to see none, its reader is to be told. */
export function withStreamBody(schema: FastifySchema | undefined): FastifySchema {
  const { consumes = [], body } = schema ?? {};
  if (consumes.length === 0 || body !== undefined) return { ...schema };
  return { ...schema, body: { type: 'string', format: 'binary' } };
}

/** Adds what is missing to a description of OpenAPI. */
export function addExamples(description: Json): void {
  for (const [path, methods] of Object.entries(Object(description.paths))) {
    const short = path.replace(/^\/api\/v1/, '');
    for (const operation of Object.values<Json>(Object(methods))) {
      addTo(operation.requestBody, `request ${short}`);
      for (const [status, response] of Object.entries(Object(operation.responses))) {
        if (status.startsWith('2')) addTo(response, `answer ${short}`);
      }
    }
  }
}

function addTo(body: unknown, key: string): void {
  const content: Record<string, Json> = Object(Object(body).content);
  for (const [type, media] of Object.entries(content)) {
    if ('example' in media || 'examples' in media) continue;
    const isJson = type === 'application/json';
    const example = isJson ? exampleOf(media.schema, '') : (streams[type] ?? lines[key]);
    // Types of one body share what is said of them.
    if (example !== undefined) content[type] = { ...media, example };
  }
}

/** What a value of the schema may be, as far as that can be said. */
function exampleOf(schema: unknown, name: string): unknown {
  const { examples, enum: values, anyOf, type, ...rest }: Json = Object(schema);
  if (Array.isArray(examples) && examples.length > 0) return examples[0];
  if ('const' in rest) return rest.const;
  if (Array.isArray(values)) return values[0];
  if (type === 'object') {
    const required: readonly string[] = Array.isArray(rest.required) ? rest.required : [];
    const fields = Object.entries(Object(rest.properties)).filter(([field]) =>
      required.includes(field),
    );
    return Object.fromEntries(fields.map(([field, of]) => [field, exampleOf(of, field)]));
  }
  if (type !== 'array' && name in names) return names[name];
  if (Array.isArray(anyOf)) return exampleOf(anyOf[0], name);
  if (type === 'array') return [exampleOf(rest.items, name.replace(/s$/, ''))];
  if (type === 'integer' || type === 'number') return rest.minimum ?? 1;
  if (type === 'boolean') return true;
  return type === 'string' ? name : null;
}
