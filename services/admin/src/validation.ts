/**
 * Validates requests by their TypeBox schemas. Bodies are taken as they are; what comes in a path or a
 * query is text and is read as what the schema says.
 *
 * Never: a field that no schema names; a value in an error.
 */

import type { FastifySchemaCompiler } from 'fastify';
import { type TProperties, type TSchema, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { Value } from 'typebox/value';

export const validatorCompiler: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  const compiled = Compile(schema);
  return (value: unknown) => {
    const read = httpPart === 'body' ? value : Value.Convert(schema, value);
    if (compiled.Check(read)) return { value: read };
    const found = compiled.Errors(read).map(({ instancePath, message, keyword, params }) => ({
      instancePath,
      message: wordsOf(keyword, params, message),
      keyword,
      schemaPath: '',
      params: {},
    }));
    return { error: found.filter(({ message }) => message !== 'schema is false') };
  };
};

function wordsOf(keyword: string, params: unknown, message: string): string {
  if (keyword !== 'additionalProperties') return message;
  const { additionalProperties = [] }: { additionalProperties?: unknown } = Object(params);
  const names = Array.isArray(additionalProperties) ? additionalProperties.slice(0, 5) : [];
  return `has fields that are not known: ${names.map((name) => String(name).slice(0, 64)).join(', ')}`;
}

/** An object that has these fields and no other. */
export function strict<Properties extends TProperties>(properties: Properties) {
  return Type.Object(properties, { additionalProperties: false });
}
