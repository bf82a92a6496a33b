/**
 * The suite for POP3 libraries of other languages: a small program has one session with everything in
 * it and tells what it was told.
 *
 * Never: an end of line mended before it is compared.
 */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import {
  assertDelivered,
  assertSame,
  type InteropHost,
  postbag,
  ran,
  startInteropHost,
} from './interop-host.ts';
import { topOf } from './messages.ts';
import { type TestMailbox, testSecret } from './test-database.ts';

export interface Library {
  readonly name: string;
  readonly interpreter: string;
  /** In test/interop/peers. */
  readonly program: string;
}

/** What the program prints; one character an octet. */
interface Told {
  readonly count: number;
  readonly octets: number;
  readonly sizes: readonly number[];
  readonly uidls: readonly string[];
  readonly messages: readonly string[];
  readonly headers: readonly string[];
}

function readTold(text: string): Told {
  const told: Told = JSON.parse(text);
  for (const part of [told.sizes, told.uidls, told.messages, told.headers]) {
    assert.ok(Array.isArray(part), text.slice(0, 200));
  }
  return told;
}

export function testLibrary(library: Library): void {
  const program = fileURLToPath(new URL(`../interop/peers/${library.program}`, import.meta.url));

  describe(library.name, () => {
    let host: InteropHost;
    before(async () => {
      host = await startInteropHost();
    });
    after(() => host.stop());

    async function session(
      transport: 'stls' | 'implicit',
      mailbox: TestMailbox,
      action: 'read' | 'delete',
    ): Promise<Told> {
      const port = String(host.port(transport));
      const args = [program, transport, port, host.node.caFile, mailbox.address, action];
      const { stdout } = await ran(library.interpreter, args, { input: `${testSecret}\n` });
      return readTold(stdout.toString('latin1'));
    }

    for (const transport of ['stls', 'implicit'] as const) {
      test(`reads everything octet by octet (${transport})`, async () => {
        const contents = postbag();
        const mailbox = await host.mailbox(contents);
        const stored = await host.stored(mailbox);
        assertDelivered(stored, contents);
        const told = await session(transport, mailbox, 'read');
        assert.equal(told.count, stored.length);
        assert.deepEqual(
          told.sizes,
          stored.map((text) => text.length),
        );
        assert.equal(
          told.octets,
          told.sizes.reduce((sum, size) => sum + size, 0),
        );
        assertSame(told.messages, stored);
        assertSame(
          told.headers,
          stored.map((text) => topOf(text, 0)),
        );
        assert.equal(new Set(told.uidls).size, stored.length);
        for (const uidl of told.uidls) assert.match(uidl, /^[A-Za-z0-9+/]{32}$/);
        const again = await session(transport, mailbox, 'read');
        assert.deepEqual(again.uidls, told.uidls, 'unique ids persist');
        assert.deepEqual(await host.database.flagged(mailbox), []);
      });

      test(`deletes all but the one it took back (${transport})`, async () => {
        const mailbox = await host.mailbox(postbag().slice(0, 4));
        const ids = await host.database.visible(mailbox);
        const told = await session(transport, mailbox, 'delete');
        assert.deepEqual(await host.database.flagged(mailbox), ids.slice(1));
        assert.deepEqual(await host.database.visible(mailbox), ids.slice(0, 1));
        const left = await session(transport, mailbox, 'read');
        assert.deepEqual(left.uidls, told.uidls.slice(0, 1));
      });
    }
  });
}
