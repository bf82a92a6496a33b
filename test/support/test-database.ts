/**
 * A migrated database for one test file, with what tests need done in it: mailboxes, messages as they
 * are, a look at what is flagged, and the two accidents that no client can cause (a lock that is
 * lost, a message that is gone).
 *
 * Never: a statement in any other file of test/; a database that outlives its test file.
 */

import { hashPassword } from '@poplar/identity';
import { type MailboxId, openStore, type Store } from '@poplar/store';
import {
  superuserOf,
  type TemporaryDatabase,
  type TemporaryServer,
  temporaryDatabase,
} from '@poplar/store/testing';
import type { Letter } from './maildrops.ts';
import { bytesOf, headerOctetsOf, normalised, wireForm } from './messages.ts';

/** The password of every test mailbox; the space in it is meant (RFC 1939 §7 PASS). */
export const testSecret = 'open sesame';

export interface TestMailbox {
  readonly mailboxId: MailboxId;
  readonly address: string;
}

export interface StoredCredential {
  readonly kind: string;
  readonly secret: string;
  /** Null when it has not been used, or that has not been written down yet. */
  readonly lastUsedOn: string | null;
}

export interface TestDatabase {
  readonly url: string;
  readonly store: Store;
  /** Makes the mailbox, and its domain if there is none, and stores the letters as they are. */
  addMailbox(address: string, letters?: readonly Letter[]): Promise<TestMailbox>;
  deliver(mailbox: TestMailbox, letter: Letter): Promise<void>;
  /** Ids of the messages that a session would see, in order. */
  visible(mailbox: TestMailbox): Promise<bigint[]>;
  /** So many octets of each body, in the order of the messages. */
  beginnings(mailbox: TestMailbox, octets: number): Promise<string[]>;
  /** Ids of the messages that QUITs have flagged, in order, purged since or not. */
  flagged(mailbox: TestMailbox): Promise<bigint[]>;
  /** As if another session had taken the maildrop over: whoever holds the lock has lost it. */
  loseLock(mailbox: TestMailbox): Promise<void>;
  /** As if an administrator had removed the message for good. */
  expunge(mailbox: TestMailbox, messageId: bigint): Promise<void>;
  /** Addresses of the mailboxes whose maildrops are locked, in order. */
  locked(): Promise<string[]>;
  /** Everything that logs a mailbox in, as it is stored, in order of its kinds. */
  credentials(mailbox: TestMailbox): Promise<StoredCredential[]>;
  credentialVersion(mailbox: TestMailbox): Promise<string>;
  /** As if it had been made long ago: commands count in days. */
  expireCredential(credentialId: string, seconds: number): Promise<void>;
  /** Rows of a statement, for what only one test asks. */
  query(text: string, values?: readonly unknown[]): Promise<Record<string, unknown>[]>;
  drop(): Promise<void>;
}

const pageRows = 1_000;
let hash: Promise<string> | null = null;

/** On the server of the test run, or on one of the test's own. */
export async function openTestDatabase(on?: TemporaryServer): Promise<TestDatabase> {
  return testDatabaseOver(await temporaryDatabase(on));
}

/** The database that another one was opened as, on a server that took over. Its `drop` only leaves it. */
export function attachTestDatabase(url: string): TestDatabase {
  const { query, end } = superuserOf(url);
  return testDatabaseOver({ url, query, drop: end });
}

function testDatabaseOver(
  database: Pick<TemporaryDatabase, 'url' | 'query' | 'drop'>,
): TestDatabase {
  const store = openStore({ databaseUrl: database.url, applicationName: 'poplar test' });
  /** Made once, also when several mailboxes are added at the same time. */
  const domains = new Map<string, Promise<unknown>>();
  const deliver = async ({ mailboxId }: TestMailbox, letter: Letter): Promise<void> => {
    const wire = wireForm(letter.content);
    const { delivered } = await store.deliver({
      deliveries: [{ mailboxId, prefix: new Uint8Array(0) }],
      pieces: [bytesOf(wire)],
      octets: normalised(letter.content).length,
      headerOctets: headerOctetsOf(wire),
      ...(letter.uidl === undefined ? {} : { uidl: letter.uidl }),
    });
    if (delivered[0] !== 'delivered') throw new Error(`a letter was not taken: ${delivered[0]}`);
  };
  return {
    url: database.url,
    store,
    deliver,
    query: (text, values) => database.query(text, values),
    ...looksInto(database),
    addMailbox: async (address, letters = []) => {
      const domain = address.slice(address.indexOf('@') + 1);
      const made = domains.get(domain) ?? store.directory.addDomain({ name: domain });
      domains.set(domain, made);
      await made;
      hash ??= hashPassword(new TextEncoder().encode(testSecret));
      const mailbox = {
        mailboxId: await store.directory.addMailbox({ address, secret: await hash }),
        address,
      };
      for (const letter of letters) await deliver(mailbox, letter);
      return mailbox;
    },
    beginnings: async ({ mailboxId }, octets) => {
      const rows = await database.query(
        `select convert_from(substr(body, 1, $2), 'LATIN1') as beginning
         from message_body where mailbox_id = $1 order by message_id`,
        [mailboxId, octets],
      );
      return rows.map(({ beginning }) => String(beginning));
    },
    visible: async ({ mailboxId }) => {
      const ids: bigint[] = [];
      let after = 0n;
      for (;;) {
        const page = await store.directory.messagesOf({ mailboxId, after, limit: pageRows });
        for (const { messageId, deletedAt } of page) if (deletedAt === null) ids.push(messageId);
        const last = page.at(-1);
        if (last === undefined || page.length < pageRows) return ids;
        after = last.messageId;
      }
    },
    loseLock: async ({ mailboxId }) => {
      await database.query(
        'update maildrop_lock set token = gen_random_uuid() where mailbox_id = $1',
        [mailboxId],
      );
    },
    expunge: async ({ mailboxId }, messageId) => {
      const key = [mailboxId, String(messageId)];
      const where = 'where mailbox_id = $1 and message_id = $2';
      await database.query(`delete from message_body ${where}`, key);
      await database.query(`delete from message ${where}`, key);
    },
    drop: async () => {
      await store.end();
      await database.drop();
    },
  };
}

/** What is there, and what of it concerns who logs in. */
function looksInto(
  database: Pick<TestDatabase, 'query'>,
): Pick<
  TestDatabase,
  'flagged' | 'locked' | 'credentials' | 'credentialVersion' | 'expireCredential'
> {
  return {
    flagged: async ({ mailboxId }) => {
      const rows = await database.query(
        'select unnest(message_ids)::text as id from quit_receipt where mailbox_id = $1 order by 1',
        [mailboxId],
      );
      return rows.map(({ id }) => BigInt(String(id))).sort((a, b) => Number(a - b));
    },
    locked: async () => {
      const rows = await database.query(
        `select m.address from maildrop_lock l join mailbox m using (mailbox_id)
         where l.token is not null order by m.address`,
      );
      return rows.map(({ address }) => String(address));
    },
    credentials: async ({ mailboxId }) => {
      const rows = await database.query(
        `select kind, secret, last_used_on::text as used from credential
         where mailbox_id = $1 order by kind, credential_id`,
        [mailboxId],
      );
      return rows.map(({ kind, secret, used }) => ({
        kind: String(kind),
        secret: String(secret),
        lastUsedOn: used === null ? null : String(used),
      }));
    },
    credentialVersion: async ({ mailboxId }) => {
      const [row] = await database.query(
        'select credential_version::text as version from mailbox where mailbox_id = $1',
        [mailboxId],
      );
      return String(row?.version);
    },
    expireCredential: async (credentialId, seconds) => {
      await database.query(
        'update credential set expires_at = now() + make_interval(secs => $2) where credential_id = $1',
        [credentialId, seconds],
      );
    },
  };
}
