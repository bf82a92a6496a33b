/**
 * An import whose client sends when it is told to, so that somebody can look at it while it goes on.
 *
 * Never: a request that outlives its test without `end`.
 */

import { once } from 'node:events';
import { request } from 'node:http';
import { letter } from './console-scene.ts';

const answerWithinMs = 120_000;

interface SlowImport {
  /** So many messages more. */
  send(messages: number): void;
  /** Nothing more comes; resolves with what was answered. */
  end(): Promise<string>;
}

export function beginImport(
  to: { readonly port: number; readonly token: string },
  address: string,
): SlowImport {
  const sent = request({
    ...{ host: '127.0.0.1', port: to.port, method: 'POST', agent: false },
    path: `/api/v1/mailboxes/${encodeURIComponent(address)}/import`,
    signal: AbortSignal.timeout(answerWithinMs),
    headers: { authorization: `Bearer ${to.token}`, 'content-type': 'application/mbox' },
  });
  const answered = textOf(once(sent, 'response'));
  // A job that is cancelled may cut its request off: what was answered is asked for by `end`.
  answered.catch(() => undefined);
  sent.on('error', () => undefined);
  sent.flushHeaders();
  let number = 0;
  return {
    send: (messages) => {
      const from = 'From carol@example.net Thu Nov 26 09:00:00 2026';
      for (let one = 0; one < messages; one += 1) {
        number += 1;
        const id = `X-UIDL: slow${number}`;
        sent.write(`${from}\n${id}\n${letter(`Old ${number}`).replaceAll('\r\n', '\n')}\n`);
      }
    },
    end: () => {
      sent.end();
      return answered.catch((error: unknown) => String(error));
    },
  };
}

async function textOf(responded: Promise<readonly unknown[]>): Promise<string> {
  const [response] = await responded;
  const pieces: Buffer[] = [];
  for await (const piece of Object(response)) pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces).toString();
}
