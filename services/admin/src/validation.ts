/**
 * Validates requests by their TypeBox schemas. Bodies are taken as they are; what comes in a path or a
 * query is text and is read as what the schema says.
 *
 * Never: a field that no schema names; a value in an error.
 */

import type { FastifySchemaCompiler } from 'fastify';
import type { FastifySchemaValidationError } from 'fastify/types/schema.js';
import { type TProperties, type TSchema, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { Value } from 'typebox/value';
import { fieldNameCharactersMax } from './limits.ts';

export const validatorCompiler: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  const compiled = Compile(schema);
  return (value: unknown) => {
    const read = httpPart === 'body' ? value : Value.Convert(schema, value);
    if (compiled.Check(read)) return { value: read };
    return { error: wordsOf(compiled.Errors(read)) };
  };
};

interface Wrong {
  readonly instancePath: string;
  readonly keyword: string;
  readonly message: string;
  readonly params: unknown;
}

/** Once for each field, in words for people. */
export function wordsOf(errors: readonly Wrong[]): FastifySchemaValidationError[] {
  // Of each field that must be one of some values: which.
  const choices = new Map<string, string[]>();
  for (const { instancePath, keyword, params } of errors) {
    const { allowedValue }: { allowedValue?: unknown } = Object(params);
    if (keyword !== 'const') continue;
    choices.set(instancePath, [...(choices.get(instancePath) ?? []), String(allowedValue)]);
  }
  const kept = errors.filter(({ instancePath, keyword, message }) => {
    // An object without room for more says so itself; each choice is in the words of all of them.
    if (message === 'schema is false' || keyword === 'const') return false;
    return keyword !== 'anyOf' || !choices.has(instancePath);
  });
  const chosen = [...choices].map(([instancePath, values]) =>
    said(instancePath, 'const', `must be one of ${values.join(', ')}`),
  );
  return [...kept.map((one) => said(one.instancePath, one.keyword, messageOf(one))), ...chosen];
}

function said(
  instancePath: string,
  keyword: string,
  message: string,
): FastifySchemaValidationError {
  return { instancePath, message, keyword, schemaPath: '', params: {} };
}

function messageOf({ keyword, params, message }: Wrong): string {
  if (keyword !== 'additionalProperties') return message;
  const { additionalProperties = [] }: { additionalProperties?: unknown } = Object(params);
  const names = Array.isArray(additionalProperties) ? additionalProperties.slice(0, 5) : [];
  return `has fields that are not known: ${names.map((name) => String(name).slice(0, fieldNameCharactersMax)).join(', ')}`;
}

/** An object that has these fields and no other. */
export function strict<Properties extends TProperties>(properties: Properties) {
  return Type.Object(properties, { additionalProperties: false });
}
