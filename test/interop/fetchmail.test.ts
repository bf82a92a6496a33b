/** fetchmail, which remembers UIDLs in a file and speaks STLS when it is told a TLS version. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { testFetcher } from '../support/fetcher.ts';
import { ran, run } from '../support/interop-host.ts';
import { testSecret } from '../support/test-database.ts';

/** fetchmail's code for "there was no new mail". */
const noMail = 1;

testFetcher({
  name: 'fetchmail',
  transports: ['stls', 'implicit'],
  fetch: async ({ host, transport, mailbox, keep, home, deliverCommand }) => {
    const configuration = join(home, 'fetchmailrc');
    const security = transport === 'implicit' ? 'ssl' : 'sslproto "TLS1.2+"';
    writeFileSync(
      configuration,
      `set invisible
poll localhost service ${host.port(transport)} protocol POP3 uidl
  user "${mailbox.address}" password "${testSecret}"
  ${security} sslcertck sslcertfile "${host.node.caFile}"
  no rewrite ${keep ? 'keep' : 'no keep'} mda "${deliverCommand}"
`,
      { mode: 0o600 },
    );
    const args = ['-f', configuration, '-i', join(home, 'fetchids'), '--nosyslog', '-v'];
    const environment = { FETCHMAILHOME: home, HOME: home };
    const { code } = await run('fetchmail', args, { environment });
    if (code !== 0 && code !== noMail) await ran('fetchmail', args, { environment });
  },
});
