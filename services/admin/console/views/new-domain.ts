/**
 * What is asked for a domain: its name, and what is set for it.
 *
 * Never: a setting that is sent though it was left as it stood; the audit would say that it was changed.
 */

import { type ApiClient, segment, type Tagged } from '../api-client.ts';
import { asked, field } from '../dialog.ts';
import { type Fields, numberOf, textOf } from '../fields.ts';
import { loginDelaySecondsMax, undeleteWindowSecondsMax } from '../limits.ts';
import { exactOctetWords, octetsGiven } from '../words.ts';

function settingFields({
  quotaOctets = null,
  loginDelaySeconds,
  undeleteWindowSeconds,
}: Fields): HTMLElement[] {
  return [
    field({
      ...{ label: 'Quota', name: 'quota' },
      hint: 'Of each mailbox without its own, such as 500 MiB or 2 GiB; empty: no bound',
      value: quotaOctets === null ? '' : exactOctetWords(numberOf(quotaOctets)),
    }),
    field({
      ...{ label: 'Login delay', name: 'delay', type: 'number', isRequired: true },
      hint: 'Seconds until a maildrop may be opened again; 0: at once',
      value: String(numberOf(loginDelaySeconds)),
      range: [0, loginDelaySecondsMax],
    }),
    field({
      ...{ label: 'Undelete window', name: 'window', type: 'number', isRequired: true },
      hint: 'Seconds for which what a QUIT removes can be restored; 0: not at all',
      value: String(numberOf(undeleteWindowSeconds)),
      range: [0, undeleteWindowSecondsMax],
    }),
  ];
}

/** What differs from how it stood. */
function settingsOf(given: FormData, before: Fields): Fields {
  const typed = {
    quotaOctets: octetsGiven(textOf(given.get('quota'))),
    loginDelaySeconds: Number(textOf(given.get('delay'))),
    undeleteWindowSeconds: Number(textOf(given.get('window'))),
  };
  return Object.fromEntries(
    Object.entries(typed).filter(([name, value]) => before[name] !== value),
  );
}

/** What a domain has of which nothing is said. */
const fresh: Fields = { quotaOctets: null, loginDelaySeconds: 0, undeleteWindowSeconds: 0 };

/** Asks for a domain and adds it. Its name, or null when it was not added. */
export async function addDomain(api: ApiClient, name = ''): Promise<string | null> {
  const content = [
    field({
      ...{ label: 'Domain', name: 'domain', isRequired: true, value: name },
      hint: 'What stands behind the @, such as example.org',
    }),
    ...settingFields(fresh),
  ];
  return asked({ title: 'New domain', content, does: 'Add domain' }, async (given) => {
    const domain = textOf(given.get('domain')).trim();
    const body = { domain, ...settingsOf(given, fresh) };
    return textOf((await api.send('POST', '/domains', body)).domain);
  });
}

/** Whether it was changed. */
export async function changeDomain(api: ApiClient, { fields, tag }: Tagged): Promise<boolean> {
  const name = textOf(fields.domain);
  const parts = { title: `Change ${name}`, content: settingFields(fields), does: 'Change' };
  const changed = await asked(parts, async (given) => {
    const body = settingsOf(given, fields);
    const isOther = Object.keys(body).length > 0;
    if (isOther) await api.change(`/domains/${segment(name)}`, tag, { body });
    return isOther;
  });
  return changed === true;
}
