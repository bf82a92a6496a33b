/** getmail6, which has no STLS: in the clear over loopback, and implicit TLS. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { testFetcher } from '../support/fetcher.ts';
import { ran } from '../support/interop-host.ts';
import { testSecret } from '../support/test-database.ts';

testFetcher({
  name: 'getmail6',
  transports: ['clear', 'implicit'],
  fetch: async ({ host, transport, mailbox, keep, home, deliverCommand }) => {
    const isTls = transport === 'implicit';
    const [program = '', inbox = ''] = deliverCommand.split(' ');
    mkdirSync(join(home, 'getmail'), { recursive: true });
    writeFileSync(
      join(home, 'getmail', 'getmailrc'),
      `[retriever]
type = ${isTls ? 'SimplePOP3SSLRetriever' : 'SimplePOP3Retriever'}
server = localhost
port = ${host.port(transport)}
username = ${mailbox.address}
password = ${testSecret}
${isTls ? `ca_certs = ${host.node.caFile}` : ''}

[destination]
type = MDA_external
path = ${program}
arguments = ("${inbox}",)
unixfrom = false
allow_root_commands = true

[options]
delete = ${keep ? 'false' : 'true'}
read_all = false
received = false
delivered_to = false
`,
      { mode: 0o600 },
    );
    await ran('getmail', [`--getmaildir=${join(home, 'getmail')}`], {
      environment: { HOME: home },
    });
  },
});
