/**
 * The plans of the hot statements on an empty, analysed database, in a session like the store's: a change of
 * a statement, of an index or of PostgreSQL that changes a plan shows in what is kept. That no plan scans a
 * table is a test of the store; this says what else they are.
 *
 * Never: a plan that depends on the data of a run.
 */

import {
  claimReceipt,
  deliverMessage,
  deliverMessageTold,
  findLogins,
  findRecipients,
  flagMessages,
  listMessages,
  markPurged,
  purgeMessages,
  readBodies,
  readMailboxBodies,
  readOpened,
  readRefused,
  releaseLocks,
  renewOwners,
  sessionSettings,
  type TemporaryServer,
  takeLocks,
  temporaryDatabase,
} from '@poplar/store/testing';

/** In the order of a session, then of a delivery, of a purge and of a lease. */
const hot: readonly { readonly name: string; readonly text: string }[] = [
  ...[findLogins, takeLocks, readOpened, readRefused],
  ...[listMessages, readBodies, readMailboxBodies],
  ...[flagMessages, releaseLocks],
  ...[findRecipients, deliverMessage, deliverMessageTold],
  ...[claimReceipt, purgeMessages, markPurged],
  renewOwners,
];

/** One block of text for each statement. PostgreSQL 16 or later. */
export async function storePlans(server?: TemporaryServer): Promise<string> {
  const database = await temporaryDatabase(server);
  try {
    await database.query('vacuum analyze');
    const client = await database.client();
    for (const [name, value] of sessionSettings) await client.query(`set ${name} = ${value}`);
    const shown = await client.query<{ server_version: string }>('show server_version');
    const blocks = [`PostgreSQL ${Number.parseInt(shown.rows[0]?.server_version ?? '', 10)}`];
    for (const { name, text } of hot) {
      const { rows } = await client.query<{ 'QUERY PLAN': string }>(
        `explain (generic_plan, costs off) ${text}`,
      );
      blocks.push(`== ${name}\n${rows.map((row) => row['QUERY PLAN']).join('\n')}`);
    }
    return `${blocks.join('\n\n')}\n`;
  } finally {
    await database.drop();
  }
}
