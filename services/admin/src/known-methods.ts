/**
 * Which methods a path has, for whoever asks with another one (RFC 9110 §15.5.6).
 *
 * Never: a decision about access: what has a route goes through the guard.
 */

import type { FastifyInstance } from 'fastify';

interface KnownPath {
  readonly form: RegExp;
  readonly methods: Set<string>;
}

export class KnownMethods {
  readonly #paths = new Map<string, KnownPath>();

  /** To be made before any route is. */
  constructor(app: FastifyInstance) {
    app.addHook('onRoute', ({ url, method }) => {
      const form = url
        .split('/')
        .map((part) => (part.startsWith(':') ? '[^/]+' : RegExp.escape(part)));
      const path = this.#paths.get(url) ?? {
        form: new RegExp(`^${form.join('/')}$`),
        methods: new Set<string>(),
      };
      for (const one of [method].flat()) path.methods.add(one);
      this.#paths.set(url, path);
    });
  }

  /** For `Allow`; null when the path is none at all. */
  allowed(url: string): string | null {
    const path = url.replace(/\?.*$/s, '');
    const methods = [...this.#paths.values()].flatMap((known) =>
      known.form.test(path) ? [...known.methods] : [],
    );
    return methods.length === 0 ? null : [...new Set(methods)].sort().join(', ');
  }
}
