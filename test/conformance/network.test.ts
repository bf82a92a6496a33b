/**
 * Every transcript against a real node, over TCP and over implicit TLS, step by step and with each
 * stretch in one write; afterwards the database is asked what is flagged and what is stored.
 */

import { after, before, describe, test } from 'node:test';
import { readTranscripts } from '../support/conformance.ts';
import { lmtpMessageOctetsMax } from '../support/memory-lmtp.ts';
import { NetworkPeer } from '../support/network-peer.ts';
import { type Cutting, play } from '../support/play.ts';
import { type RunningNode, startNode } from '../support/start-node.ts';
import { openTestDatabase, type TestDatabase } from '../support/test-database.ts';
import type { Policy, Transcript } from '../support/transcript.ts';

let database: TestDatabase;
let open: RunningNode;
/** Takes passwords under TLS only, from anybody. */
let guarded: RunningNode;

async function once(transcript: Transcript, policy: Policy, cutting: Cutting): Promise<void> {
  const node = policy === 'guarded' ? guarded : open;
  const peer = await NetworkPeer.make({ transcript, policy, node, database });
  try {
    await play(transcript, peer, cutting);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(
      `${reason}\n--- seen:\n${peer.record()}\n--- node:\n${node.log().slice(-3000)}`,
    );
  } finally {
    peer.end();
  }
}

describe('a real node', () => {
  before(async () => {
    database = await openTestDatabase();
    const environment = {
      POPLAR_LOCK_WAIT_MS: '1000',
      POPLAR_MESSAGE_OCTETS_MAX: String(lmtpMessageOctetsMax),
    };
    const databaseUrl = database.url;
    [open, guarded] = await Promise.all([
      startNode({ databaseUrl, environment }),
      startNode({
        databaseUrl,
        workers: 1,
        environment: { ...environment, POPLAR_CLEARTEXT: 'never', POPLAR_LISTEN_LMTP: '' },
      }),
    ]);
  });
  after(async () => {
    await Promise.all([open.stop(), guarded.stop()]);
    await database.drop();
  });

  for (const [file, transcripts] of readTranscripts('network')) {
    describe(file, () => {
      for (const transcript of transcripts) {
        for (const policy of transcript.policies) {
          test(`${transcript.name} (${policy})`, async () => {
            await once(transcript, policy, { kind: 'lines' });
            if (transcript.cuttable) await once(transcript, policy, { kind: 'whole' });
          });
        }
      }
    });
  }
});
