/** What a session may do under TLS that ended at a balancer. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { peerBehind, securedBy } from './peer.ts';

const tls = { version: 'TLSv1.3', cipher: null };

test('there is nothing to bind to, and a name if the header has one', () => {
  for (const [clientCommonName, names] of [
    ['Ann Lee', ['cn:Ann Lee']],
    ['', null],
    [null, null],
  ] as const) {
    const peer = peerBehind({ ...tls, clientCommonName });
    assert.deepEqual(peer, { socket: null, certificateNames: names });
    assert.deepEqual(securedBy(peer), { clientCertificate: names !== null, channelBinding: false });
  }
});
