/** mpop, which pipelines as soon as it is allowed to. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { testFetcher } from '../support/fetcher.ts';
import { ran } from '../support/interop-host.ts';
import { testSecret } from '../support/test-database.ts';

testFetcher({
  name: 'mpop',
  transports: ['stls', 'implicit'],
  fetch: async ({ host, transport, mailbox, keep, home, deliverCommand }) => {
    const configuration = join(home, 'mpoprc');
    writeFileSync(
      configuration,
      `account poplar
host localhost
port ${host.port(transport)}
auth on
user ${mailbox.address}
password ${testSecret}
tls on
tls_starttls ${transport === 'stls' ? 'on' : 'off'}
tls_trust_file ${host.node.caFile}
keep ${keep ? 'on' : 'off'}
uidls_file ${join(home, 'uidls')}
received_header off
delivery mda ${deliverCommand}
`,
      { mode: 0o600 },
    );
    await ran('mpop', [`--file=${configuration}`, '--debug', 'poplar'], {
      environment: { HOME: home },
    });
  },
});
