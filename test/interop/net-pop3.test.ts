/** Perl's Net::POP3, with IO::Socket::SSL for its TLS. */

import { testLibrary } from '../support/library-session.ts';

testLibrary({
  name: 'Perl Net::POP3',
  interpreter: 'perl',
  program: 'net_pop3_session.pl',
});
