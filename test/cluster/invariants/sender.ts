/**
 * A mail transfer agent: delivers to some mailboxes by any of the nodes, again and again. Each attempt has
 * a number of its own in the message, so that its copies can be counted.
 *
 * Never: an attempt that is made twice.
 */

import { LmtpClient } from '../../support/lmtp-client.ts';
import type { Life } from './reader.ts';
import { contentOf } from './witness.ts';

/** Deliveries on one connection. */
const deliveriesMax = 6;

export async function send(life: Life): Promise<void> {
  const { chance, anyNode, isOver, pauseFor, witness } = life;
  while (!isOver()) {
    let client: LmtpClient | null = null;
    try {
      client = await LmtpClient.connect({ port: anyNode().lmtp, from: witness.freshAddress() });
      for (let nth = chance.below(deliveriesMax); nth >= 0 && !isOver(); nth -= 1) {
        await deliver(life, client);
        await pauseFor(chance.between(0, 80));
      }
    } catch {
      // What was accepted until then has been told.
      await pauseFor(50);
    } finally {
      client?.destroy();
    }
  }
}

async function deliver({ chance, witness, mailboxes }: Life, client: LmtpClient): Promise<void> {
  const chosen = mailboxes.filter(() => chance.hit(0.6));
  const to = chosen.length > 0 ? chosen : [chance.pick(mailboxes)];
  const attempt = witness.freshAttempt();
  const replies = await client.deliver({
    from: 'sender@example.net',
    to: to.map(({ address }) => address),
    content: contentOf(attempt),
  });
  const number = await witness.mark();
  for (const [index, { mailboxId }] of to.entries()) {
    if (replies[index]?.code !== 250) continue;
    witness.counts.delivered += 1;
    witness.tell(number, { kind: 'accepted', attempt, mailboxId });
  }
}
