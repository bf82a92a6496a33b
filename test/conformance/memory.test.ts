/**
 * Every transcript against the protocol's sessions in memory: step by step, whole, octet by octet and
 * cut in two at every single offset.
 */

import { describe, test } from 'node:test';
import { readTranscripts } from '../support/conformance.ts';
import { MemoryPeer } from '../support/memory-peer.ts';
import { type Cutting, octetsSaid, play } from '../support/play.ts';
import type { Policy, Transcript } from '../support/transcript.ts';

function once(transcript: Transcript, policy: Policy, cutting: Cutting): Promise<void> {
  return play(transcript, new MemoryPeer(transcript, policy), cutting);
}

for (const [file, transcripts] of readTranscripts('memory')) {
  describe(file, () => {
    for (const transcript of transcripts) {
      for (const policy of transcript.policies) {
        test(`${transcript.name} (${policy})`, async () => {
          await once(transcript, policy, { kind: 'lines' });
          if (!transcript.cuttable) return;
          await once(transcript, policy, { kind: 'whole' });
          await once(transcript, policy, { kind: 'octets' });
          const octets = octetsSaid(transcript, new MemoryPeer(transcript, policy));
          for (let offset = 1; offset < octets; offset += 1) {
            await once(transcript, policy, { kind: 'at', offset });
          }
        });
      }
    }
  });
}
