/**
 * A session whose prepared statements, cursor or transaction are not those that the store left: somebody else had
 * it in between, as behind a pooler that lends sessions. It is closed, and the next one serves.
 */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Link } from './connection/link.ts';
import { openStore, type Store } from './store.ts';
import { type MailFixture, mailFixture } from './testing/mail-fixture.ts';
import { realWorld } from './world.ts';

let mail: MailFixture;

before(async () => {
  mail = await mailFixture();
  await mail.addMailbox();
});
after(() => mail.end());

const address = 'user1@example.org';
const applicationName = 'had by somebody else';

/** A store whose first connections have been used by somebody else. */
function storeOver(meddle: (link: Link) => Promise<void>): { store: Store; links: Link[] } {
  const links: Link[] = [];
  const connect: typeof realWorld.connect = async (settings) => {
    const link = await realWorld.connect(settings);
    links.push(link);
    await meddle(link);
    return link;
  };
  return {
    store: openStore({
      ...{ databaseUrl: mail.database.url, applicationName, world: { ...realWorld, connect } },
    }),
    links,
  };
}

const meddled = [
  ['prepared a statement of that name', 'prepare find_logins as select 1'],
  ['left a transaction that has failed', 'begin'],
] as const;

for (const [what, text] of meddled) {
  test(`a session in which somebody has ${what} is left for another`, async () => {
    let isMeddling = true;
    const { store, links } = storeOver(async (link) => {
      if (!isMeddling) return;
      await link.execute(text);
      if (text === 'begin') await link.execute('select 1 / 0').catch(() => {});
    });
    await assert.rejects(store.findLogin(address), { code: 'STORE_UNAVAILABLE', retryable: true });
    isMeddling = false;
    const found = await eventually(() => store.findLogin(address));
    assert.equal(found?.address, address);
    assert.ok(
      links.some(({ open }) => !open),
      'the one before is closed',
    );
    await eventually(async () => {
      const sessions = await mail.database.query(
        'select state from pg_stat_activity where application_name = $1',
        [applicationName],
      );
      assert.equal(sessions.length, links.filter(({ open }) => open).length);
      assert.ok(sessions.every(({ state }) => !String(state).includes('aborted')));
    });
    await store.end();
  });
}

/** The pool connects anew by itself. */
async function eventually<T>(work: () => Promise<T>): Promise<T> {
  const untilMs = performance.now() + 10_000;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (performance.now() > untilMs) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
