/** Python's poplib, which refuses lines over 2048 octets in replies. */

import { testLibrary } from '../support/library-session.ts';

testLibrary({
  name: 'Python poplib',
  interpreter: 'python3',
  program: 'poplib_session.py',
});
