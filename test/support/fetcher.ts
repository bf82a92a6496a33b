/**
 * The suite for clients that fetch mail into files and remember what they have seen: everything
 * arrives as it was, what is new is fetched once, what is deleted is flagged in the database.
 *
 * Never: a client's own idea of success taken for the database's.
 */

import assert from 'node:assert/strict';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import {
  assertDelivered,
  assertSame,
  type InteropHost,
  postbag,
  startInteropHost,
  type Transport,
  withLineFeeds,
} from './interop-host.ts';
import type { TestMailbox } from './test-database.ts';

interface Fetching {
  readonly host: InteropHost;
  readonly transport: Transport;
  readonly mailbox: TestMailbox;
  /** Leave the messages on the server. */
  readonly keep: boolean;
  /** The client's own directory: its configuration and its memory. */
  readonly home: string;
  /** Takes one message on standard input. */
  readonly deliverCommand: string;
}

export interface Fetcher {
  readonly name: string;
  readonly transports: readonly Transport[];
  /** One run of the client; it may find nothing. */
  fetch(fetching: Fetching): Promise<void>;
}

/** Files messages under 0000, 0001 and so on. */
const deliverScript = `#!/bin/sh
n=$(ls "$1" | wc -l)
exec cat > "$1/$(printf %04d "$n")"
`;

/** A directory of one client, with the messages that it has delivered. */
export class Home {
  readonly path: string;
  readonly deliverCommand: string;
  readonly #inbox: string;

  constructor(host: InteropHost) {
    this.path = mkdtempSync(join(host.directory, 'home-'));
    this.#inbox = join(this.path, 'inbox');
    mkdirSync(this.#inbox);
    const script = join(this.path, 'deliver');
    writeFileSync(script, deliverScript);
    chmodSync(script, 0o755);
    this.deliverCommand = `${script} ${this.#inbox}`;
  }

  messages(): string[] {
    return readdirSync(this.#inbox)
      .sort()
      .map((name) => readFileSync(join(this.#inbox, name), 'latin1'));
  }
}

export function testFetcher(fetcher: Fetcher): void {
  describe(fetcher.name, () => {
    let host: InteropHost;
    before(async () => {
      host = await startInteropHost();
    });
    after(() => host.stop());

    for (const transport of fetcher.transports) {
      test(`keeps mail on the server and fetches only what is new (${transport})`, async () => {
        const contents = postbag();
        const mailbox = await host.mailbox(contents);
        const stored = await host.stored(mailbox);
        assertDelivered(stored, contents);
        const home = new Home(host);
        const { path, deliverCommand } = home;
        const fetching = { host, transport, mailbox, keep: true, home: path, deliverCommand };
        await fetcher.fetch(fetching);
        assertSame(home.messages(), withLineFeeds(stored));
        assert.equal((await host.database.visible(mailbox)).length, contents.length);

        await host.deliver(mailbox, contents[0] ?? '');
        await fetcher.fetch(fetching);
        const [newest = ''] = (await host.stored(mailbox)).slice(-1);
        assertSame(home.messages(), withLineFeeds([...stored, newest]));

        await fetcher.fetch(fetching);
        assert.equal(home.messages().length, contents.length + 1, 'a third run fetches nothing');
        assert.deepEqual(await host.database.flagged(mailbox), []);
      });

      test(`fetches and deletes (${transport})`, async () => {
        const mailbox = await host.mailbox(postbag());
        const stored = await host.stored(mailbox);
        const ids = await host.database.visible(mailbox);
        const home = new Home(host);
        const { path, deliverCommand } = home;
        await fetcher.fetch({ host, transport, mailbox, keep: false, home: path, deliverCommand });
        assertSame(home.messages(), withLineFeeds(stored));
        assert.deepEqual(await host.database.visible(mailbox), []);
        assert.deepEqual(await host.database.flagged(mailbox), ids);
      });
    }
  });
}
