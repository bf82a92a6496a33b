/**
 * `ETag` of what can be changed, and `If-Match` of a request that changes it (RFC 9110 §8.8.3 and §13.1.1): who
 * writes over a state that he has not seen is told so. The statement that makes the change compares the versions;
 * here they are only read and written.
 *
 * A tag is of the settings of a mailbox or a domain. Mail that comes and sessions that begin change what is shown beside
 * them, and no tag. A weak tag never matches, as §8.8.3.2 has it.
 *
 * Never: a version that is read before the statement and compared here.
 */

import type { FastifyReply } from 'fastify';
import { type TSchema, Type } from 'typebox';
import { ifMatchCharactersMax } from './limits.ts';
import { Problem } from './problem.ts';

/** Of a route that changes what has a tag. */
export const ifMatch = Type.Object({
  'if-match': Type.Optional(
    Type.String({
      maxLength: ifMatchCharactersMax,
      description:
        '`ETag` of the state that is to be changed: with another one nothing is, and the answer is 412. ' +
        '`*` is any.',
      examples: ['"7-4711"'],
    }),
  ),
});

/** Describes an answer that has a tag. */
export function withTag<Item extends TSchema>(schema: Item) {
  const description = 'of its settings; for `If-Match`';
  return { ...schema, headers: { etag: { type: 'string', description } } };
}

export function setTag(reply: FastifyReply, version: string): void {
  void reply.header('etag', `"${version}"`);
}

const between = /[\t ,]*/y;
const oneTag = /(W\/)?"([\x21\x23-\x7e\x80-\xff]*)"[\t ]*(?=,|$)/y;

/** Versions of which one must be the present one; null where any may be. */
export function versionsIn(headers: { readonly 'if-match'?: string }): readonly string[] | null {
  const text = headers['if-match']?.trim();
  if (text === undefined || text === '*') return null;
  const versions: string[] = [];
  let tags = 0;
  // A step at a time, each of which reads its octets once: a stranger's text must not be looked at in every way.
  for (let at = afterBlanks(text, 0); at < text.length; at = afterBlanks(text, oneTag.lastIndex)) {
    oneTag.lastIndex = at;
    const found = oneTag.exec(text);
    if (found === null) throw malformed();
    const [, weak, version = ''] = found;
    tags += 1;
    if (weak === undefined) versions.push(version);
  }
  if (tags === 0) throw malformed();
  return versions;
}

function afterBlanks(text: string, from: number): number {
  between.lastIndex = from;
  between.exec(text);
  return between.lastIndex;
}

function malformed(): Problem {
  const detail = 'must be * or tags in quotation marks, such as "7-4711"';
  const errors = [{ pointer: '/headers/if-match', detail }];
  return new Problem(400, 'not a precondition', { errors, code: 'malformed-precondition' });
}
