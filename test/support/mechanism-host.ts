/**
 * A host that offers every mechanism, with mailboxes that can use each of them: for real clients.
 *
 * Never: a client's own idea of how it logged in; the node's log tells.
 */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeScramSecret } from '@poplar/identity';
import { ClientAuthority, type ClientCertificate } from './client-authority.ts';
import { type InteropHost, postbag, startInteropHost } from './interop-host.ts';
import { eventually } from './node-inspection.ts';
import { type TestMailbox, testSecret } from './test-database.ts';
import { audience, TokenProvider } from './token-provider.ts';

export const apopSecret = 'shared with one device';

/** A mailbox with a few messages, and all that a client can show for it. */
export interface Account {
  readonly mailbox: TestMailbox;
  /** As the store has them. */
  readonly stored: readonly string[];
  readonly token: string;
  /** The token and nothing else. */
  readonly tokenFile: string;
  readonly certificate: ClientCertificate;
}

export class MechanismHost {
  readonly host: InteropHost;
  readonly #provider: TokenProvider;
  readonly #authority: ClientAuthority;
  readonly #directory: string;

  private constructor(parts: {
    host: InteropHost;
    provider: TokenProvider;
    authority: ClientAuthority;
    directory: string;
  }) {
    this.host = parts.host;
    this.#provider = parts.provider;
    this.#authority = parts.authority;
    this.#directory = parts.directory;
  }

  static async start(): Promise<MechanismHost> {
    const directory = mkdtempSync(join(tmpdir(), 'poplar-mechanisms-'));
    const authority = new ClientAuthority(directory, 'clients');
    const provider = await TokenProvider.start();
    const host = await startInteropHost({
      POPLAR_AUTH_SCRAM: 'on',
      POPLAR_AUTH_APOP: 'on',
      POPLAR_TLS_CLIENT_CA: authority.caFile,
      POPLAR_OAUTH_ISSUER: provider.issuer,
      POPLAR_OAUTH_AUDIENCES: audience,
      POPLAR_OAUTH_KEYS_URL: provider.keysUrl,
    });
    return new MechanismHost({ host, provider, authority, directory });
  }

  async account(): Promise<Account> {
    const { host } = this;
    const mailbox = await host.mailbox(postbag().slice(0, 4));
    const { address, mailboxId } = mailbox;
    const { credentials } = host.database.store;
    const actor = 'test';
    await credentials.setApopSecret({ address, secret: apopSecret, actor });
    await credentials.addCertificateName({ address, name: `email:${address}`, actor });
    const password = new TextEncoder().encode(testSecret);
    await credentials.addScramSecrets({
      mailboxId,
      credentialVersion: await host.database.credentialVersion(mailbox),
      scramSha1: await makeScramSecret({ hash: 'sha1', password }),
      scramSha256: await makeScramSecret({ hash: 'sha256', password }),
      actor,
    });
    const token = await this.#provider.token(address);
    const tokenFile = join(this.#directory, `token-${mailboxId}`);
    writeFileSync(tokenFile, token, { mode: 0o600 });
    const certificate = this.#authority.issue('/CN=client', `email:${address}`);
    return { mailbox, stored: await host.stored(mailbox), token, tokenFile, certificate };
  }

  /** The node has opened this maildrop by this mechanism, under TLS, and by no other. */
  async assertLoggedInBy({ mailbox }: Account, mechanism: string): Promise<void> {
    await eventually(() => {
      const logins = this.host.node
        .log()
        .split('\n')
        .filter((line) => line.includes('"event":"login"'))
        .map((line): Record<string, unknown> => JSON.parse(line))
        .filter(({ address }) => address === mailbox.address);
      assert.ok(logins.length > 0, `no login of ${mailbox.address}`);
      for (const login of logins) {
        assert.deepEqual([login.outcome, login.mechanism], ['opened', mechanism]);
        assert.match(String(login.tls), /^TLSv1\.[23]$/);
      }
    });
  }

  async stop(): Promise<void> {
    await this.host.stop();
    await this.#provider.stop();
    rmSync(this.#directory, { recursive: true });
  }
}
