/**
 * The API described for people and programs: OpenAPI 3.1 made from the schemas of the routes, and a page
 * that shows it at /docs with nothing from anywhere else.
 */

import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import { docsPath } from './names.ts';
import { addExamples, withStreamBody } from './openapi-examples.ts';
import { problemSchema } from './problem.ts';

/** From this node alone, and by the way that the page itself came: HTTP on loopback stays HTTP. */
const pageRule = [
  ...["default-src 'self'", "base-uri 'self'", "object-src 'none'", "frame-ancestors 'self'"],
  ...["script-src 'self'", "script-src-attr 'none'", "style-src 'self'"],
  ...["font-src 'self' data:", "img-src 'self' data:"],
].join('; ');

/** To be called before any route is made. */
export async function describeApi(app: FastifyInstance, version: string): Promise<void> {
  app.addHook('onRoute', (route) => {
    const access = route.config?.access;
    if (access === undefined || access === 'public' || route.schema === undefined) return;
    const { description = '', response = {} } = route.schema;
    const demands = `Scope: ${access.anyOf.map((scope) => `\`${scope}\``).join(' or ')}.`;
    const forOne = access.reach === 'domain' ? ' Also for tokens of one domain.' : '';
    route.schema = {
      ...route.schema,
      description: `${description}\n\n${demands}${forOne}`.trim(),
      security: [{ token: [] }],
      response: { ...Object(response), '4xx': problemSchema, '5xx': problemSchema },
    };
  });
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Poplar',
        version,
        description:
          'Administration of a Poplar cluster. Any node answers for all of them. What fails is ' +
          'answered with a problem (RFC 9457).',
      },
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
    },
    transform: ({ schema, url }) => ({ schema: withStreamBody(schema), url }),
    transformObject: (made) => {
      if (!('openapiObject' in made)) return made.swaggerObject;
      addExamples(Object(made.openapiObject));
      return made.openapiObject;
    },
  });
  await app.register(swaggerUi, { routePrefix: docsPath, staticCSP: pageRule });
}
