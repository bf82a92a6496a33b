/**
 * An OAuth provider for tests: oauth2-mock-server in this process, with tokens that say what a test
 * wants them to, and introspection of opaque ones.
 *
 * Never: a provider that outlives its test file.
 */

import { OAuth2Server } from 'oauth2-mock-server';

export const audience = 'pop3';

/** What a token says besides its issuer and its times. */
export type Claims = Readonly<Record<string, unknown>>;

export class TokenProvider {
  /** The credentials that came with each request for introspection. */
  readonly authorizations: (string | undefined)[] = [];
  readonly #server = new OAuth2Server();
  #opaque: Claims | null = null;

  static async start(): Promise<TokenProvider> {
    const provider = new TokenProvider();
    const { issuer, service } = provider.#server;
    await issuer.keys.generate('ES256');
    await provider.#server.start(0, '127.0.0.1');
    service.on('beforeIntrospect', (answer, request) => {
      provider.authorizations.push(request.headers.authorization);
      answer.body = provider.#opaque ?? { active: false };
    });
    return provider;
  }

  get issuer(): string {
    return this.#server.issuer.url ?? '';
  }

  get keysUrl(): string {
    return `${this.issuer}/jwks`;
  }

  get introspectionUrl(): string {
    return `${this.issuer}/introspect`;
  }

  /** A signed token that names a mailbox, with these claims over what is usual. */
  token(email: string, claims: Claims = {}): Promise<string> {
    return this.#server.issuer.buildToken({
      expiresIn: 3_600,
      scopesOrTransform: (_header, payload) => {
        Object.assign(payload, { aud: audience, email, scope: 'mail' }, claims);
      },
    });
  }

  /** What introspection says from now on, of whatever token; null: it is not active. */
  introspects(claims: Claims | null): void {
    const exp = Math.floor(Date.now() / 1_000) + 3_600;
    const usual = { active: true, iss: this.issuer, aud: audience, scope: 'mail', exp };
    this.#opaque = claims === null ? null : { ...usual, ...claims };
  }

  stop(): Promise<void> {
    return this.#server.stop();
  }
}
