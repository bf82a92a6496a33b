/**
 * A store on a database of its own with a domain, an owner, and shorthands for what most tests of
 * this package begin with.
 */

import { randomUUID } from 'node:crypto';
import type { DeliverResult, MailboxId, OpenResult } from '../contract.ts';
import { openStore, type Store, type StoreOptions } from '../store.ts';
import { type TemporaryDatabase, temporaryDatabase } from './temporary-database.ts';
import type { TemporaryServer } from './temporary-server.ts';

export interface MailFixture {
  readonly database: TemporaryDatabase;
  readonly store: Store;
  readonly ownerId: string;
  addMailbox(): Promise<MailboxId>;
  addOwner(): Promise<string>;
  /** Ends the lease of an owner as if it had not been renewed. */
  expireOwner(ownerId: string): Promise<void>;
  /** Delivers a header and this body to one mailbox. */
  deliver(mailboxId: MailboxId, body?: string): Promise<DeliverResult>;
  /** Opens under a token; a store has an owner of its own unless another is named. */
  open(mailboxId: MailboxId, options?: OpenOptions): Promise<OpenResult & { token: string }>;
  /** Ids of what a session would see now. */
  visible(mailboxId: MailboxId): Promise<bigint[]>;
  end(): Promise<void>;
}

interface OpenOptions {
  readonly ownerId?: string;
  readonly token?: string;
  readonly credentialVersion?: string;
  /** The mailbox itself unless another one opens it. */
  readonly actorId?: MailboxId;
  /** Address of the client. */
  readonly client?: string;
  readonly store?: Store;
}

const header = 'Subject: x\r\n\r\n';

/** Options of the store; a test that is not about waiting is told `in-use` at once. */
export type FixtureOptions = Partial<StoreOptions> & { readonly server?: TemporaryServer };

export async function mailFixture(options: FixtureOptions = {}): Promise<MailFixture> {
  const { server, ...storeOptions } = options;
  const database = await temporaryDatabase(server);
  const store = openStore({ databaseUrl: database.url, lockWaitMs: 0, ...storeOptions });
  await store.directory.addDomain({ name: 'example.org' });
  const addOwner = async () => {
    const ownerId = randomUUID();
    await store.registerOwner({ ownerId, nodeName: 'node-1', bootId: randomUUID(), worker: 0 });
    return ownerId;
  };
  const longOwner = async () => {
    const ownerId = await addOwner();
    // Long enough for any test to end before it.
    await database.query("update owner set lease_until = now() + interval '1 hour'");
    return ownerId;
  };
  const ownerId = await longOwner();
  // Two stores under one owner would end each other's epochs.
  const owners = new WeakMap<Store, string>([[store, ownerId]]);
  const ownerOf = async (opener: Store): Promise<string> => {
    const known = owners.get(opener);
    if (known !== undefined) return known;
    const added = await longOwner();
    owners.set(opener, owners.get(opener) ?? added);
    return owners.get(opener) ?? added;
  };
  let mailboxes = 0;
  return {
    database,
    store,
    ownerId,
    addOwner,
    addMailbox: () => {
      mailboxes += 1;
      return store.directory.addMailbox({ address: `user${mailboxes}@example.org`, secret: '$x$' });
    },
    expireOwner: async (id) => {
      const ended =
        "update owner set lease_until = now() - interval '1 second' where owner_id = $1";
      await database.query(ended, [id]);
    },
    deliver: (mailboxId, body = 'body\r\n') =>
      store.deliver({
        deliveries: [{ mailboxId, prefix: new Uint8Array(0) }],
        pieces: [Buffer.from(header), Buffer.from(body)],
        octets: header.length + Buffer.byteLength(body),
        headerOctets: header.length,
      }),
    open: async (mailboxId, given = {}) => {
      const { token = randomUUID(), credentialVersion = '1', store: opener = store } = given;
      const by = given.ownerId ?? (await ownerOf(opener));
      const { actorId = mailboxId, client = '' } = given;
      const request = { mailboxId, actorId, credentialVersion, ownerId: by, client, token };
      return { ...(await opener.open(request)), token };
    },
    visible: async (mailboxId) => {
      const rows = await database.query(
        'select message_id from message where mailbox_id = $1 and deleted_at is null order by 1',
        [mailboxId],
      );
      return rows.map((row) => BigInt(String(row.message_id)));
    },
    end: async () => {
      await store.end();
      await database.drop();
    },
  };
}
