/**
 * What a program can know a failure by: a closed list of codes, each with the one status it comes with.
 * docs/errors.md has the same list. A code is never used again for something else.
 *
 * Never: a code that is made at run time.
 */

interface CodeRow {
  readonly status: number;
  readonly meaning: string;
}

const rows = {
  'malformed-request': row(
    400,
    'a field is missing, unknown or of the wrong form; `errors` says which',
  ),
  'unreadable-body': row(400, 'the body is not JSON'),
  'unreadable-path': row(400, 'the path cannot be decoded'),
  'unknown-cursor': row(400, 'the cursor is none that was given out'),
  'malformed-precondition': row(400, '`If-Match` is neither `*` nor a list of tags'),
  'connection-lost': row(400, 'the rest of the request did not come'),
  'not-authenticated': row(401, 'there is no token, or it is not a good one'),
  'not-allowed': row(403, 'the token may not do this'),
  'scope-missing': row(403, 'the token has none of the scopes that this needs'),
  'outside-domain': row(403, 'the token is good for one domain, and this is not within it'),
  'cluster-only': row(403, 'this concerns all domains, and the token is good for one'),
  'scope-not-held': row(403, 'no token gives a scope that it has not'),
  'expiry-too-late': row(403, 'no token makes one that outlives it'),
  'not-found': row(404, 'there is no such thing'),
  'path-not-found': row(404, 'there is no such path'),
  'mailbox-not-found': row(404, 'there is no such mailbox'),
  'domain-not-found': row(404, 'there is no such domain'),
  'login-name-not-found': row(404, 'the mailbox has no such alias'),
  'credential-not-found': row(404, 'the mailbox has no such credential'),
  'grant-not-found': row(404, 'there is no such grant'),
  'grantee-not-found': row(404, 'there is no mailbox that the grant could be for'),
  'message-not-found': row(404, 'the mailbox has no such message, or it cannot be restored'),
  'job-not-found': row(404, 'there is no such job'),
  'session-not-found': row(404, 'nobody has the maildrop open'),
  'node-not-found': row(404, 'there is no such node'),
  'node-not-drained': row(404, 'the node is not drained'),
  'token-not-found': row(404, 'there is no such token, or it is revoked'),
  'webhook-not-found': row(404, 'there is no such webhook'),
  'webhook-delivery-not-found': row(404, 'there is no such delivery that can be sent again'),
  'method-not-allowed': row(405, 'the path has other methods; `Allow` names them'),
  conflict: row(409, 'it is not in the state that this needs'),
  'already-exists': row(409, 'it exists already'),
  'domain-exists': row(409, 'a domain of this name exists already'),
  'address-exists': row(409, 'a mailbox or login name of this address exists already'),
  'login-name-exists': row(409, 'the login name is taken, by this mailbox or another one'),
  'certificate-name-exists': row(409, 'the mailbox has this name of a certificate already'),
  'uidl-exists': row(409, 'a message of the mailbox has this UIDL already'),
  'too-many': row(409, 'there are as many of this kind as there may be'),
  'domain-not-empty': row(409, 'the domain has mailboxes'),
  'webhook-suspended': row(409, 'the webhook is suspended'),
  'mailbox-not-active': row(409, 'the mailbox is suspended or being deleted'),
  'job-finished': row(409, 'the job has ended, or another request goes on with it'),
  'created-before': row(
    409,
    'the first request with this key was carried out and its secret shown; `created` has the id',
  ),
  'request-under-way': row(409, 'the first request with this key is not answered yet'),
  'key-outcome-unknown': row(
    409,
    'the first request with this key may have been carried out: look, then take a new key',
  ),
  'stale-etag': row(412, 'it was changed since `If-Match` was read'),
  'too-large': row(413, 'the request is too large'),
  'unsupported-media-type': row(415, 'the body is of another type than this takes'),
  'not-possible': row(422, 'a value is not allowed'),
  'grant-to-itself': row(422, 'a mailbox needs no grant to open its own maildrop'),
  'password-refused': row(422, 'the password is none that can be set'),
  'over-quota': row(422, 'the mailbox would hold more than its quota'),
  'key-of-another-request': row(422, 'the key came with another path, query, body or token'),
  'domain-busy': row(429, 'the tokens of the domain have their share of this at once'),
  'too-many-requests': row(429, 'wait a minute'),
  'too-many-keys': row(429, 'the actor has used as many keys as one may in 24 hours'),
  internal: row(500, 'a defect; the log of the node has the cause'),
  'database-away': row(503, 'the database does not answer; nothing was changed'),
  'outcome-unknown': row(503, 'whether the change was made is not known: look'),
  'schema-incompatible': row(503, 'the schema of the database is of another version'),
  busy: row(503, 'too much of this at once; try again soon'),
  'no-node': row(503, 'only a running node can answer this'),
} as const;

export type ProblemCode = keyof typeof rows;

export const problemCodes: Readonly<Record<ProblemCode, CodeRow>> = rows;

/** Of what is told by its status alone. */
const codeOfStatus: Readonly<Record<number, ProblemCode>> = {
  400: 'malformed-request',
  401: 'not-authenticated',
  403: 'not-allowed',
  404: 'not-found',
  405: 'method-not-allowed',
  409: 'conflict',
  412: 'stale-etag',
  413: 'too-large',
  415: 'unsupported-media-type',
  422: 'not-possible',
  429: 'too-many-requests',
  503: 'busy',
};

export function plainCodeOf(status: number): ProblemCode {
  return codeOfStatus[status] ?? (status < 500 ? 'malformed-request' : 'internal');
}

function row(status: number, meaning: string): CodeRow {
  return { status, meaning };
}
