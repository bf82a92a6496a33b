/**
 * The names under which a mailbox logs in, its address included; none when it is not there.
 */

import { textAt } from '../field.ts';
import { loginNamesMax } from '../limits.ts';
import type { Statement } from '../statement.ts';

export const listLoginNames: Statement<string, string> = {
  name: 'list_login_names',
  text: `
select n.name from mailbox m join login_name n on n.mailbox_id = m.mailbox_id
where m.address = $1 order by n.name limit ${loginNamesMax}`,
  parameters: (address) => [address],
  row: (row) => textAt(row, 0),
};
