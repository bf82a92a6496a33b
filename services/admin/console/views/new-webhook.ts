/**
 * What is asked for a webhook: where it leads and what it is told of. Its secret is shown once.
 *
 * Never: a secret that is kept in this page when its dialog is closed.
 */

import type { ApiClient } from '../api-client.ts';
import { tickBoxes, ticked } from '../choices.ts';
import { asked, field, shownOnce } from '../dialog.ts';
import { element } from '../element.ts';
import { type Fields, textOf, textsOf } from '../fields.ts';
import { eventChoices } from '../known-names.ts';
import type { ViewParts } from '../view.ts';

function urlField(value = ''): HTMLElement {
  const hint = 'https, to a host with public addresses unless the configuration allows others';
  return field({ label: 'URL', name: 'url', type: 'url', isRequired: true, hint, value });
}

function eventBoxes(chosen: readonly string[] = []): HTMLElement {
  return tickBoxes({ label: 'Events', name: 'events', choices: eventChoices, chosen });
}

/** The id of the new one, or null when it was not made. */
export async function addWebhook({ api, self }: ViewParts): Promise<string | null> {
  const domainHint = 'Told of this domain alone; empty for all.';
  const content = [
    urlField(),
    eventBoxes(),
    self.domain === null
      ? field({ label: 'Domain', name: 'domain', hint: domainHint })
      : element('p', {}, `It is told of ${self.domain} alone.`),
  ];
  const made = await asked({ title: 'New webhook', content, does: 'Add webhook' }, (given) => {
    const domain = textOf(given.get('domain')).trim();
    const wanted = { ...urlOf(given), events: ticked(given, 'events', 'event') };
    return api.send('POST', '/webhooks', domain === '' ? wanted : { ...wanted, domain });
  });
  if (made === null) return null;
  await shownOnce('The secret', 'Secret that requests are signed with', textOf(made.secret));
  return textOf(made.webhookId);
}

/** Whether it was changed. */
export async function changeWebhook(
  api: ApiClient,
  path: string,
  { url, events }: Fields,
): Promise<boolean> {
  const content = [urlField(textOf(url)), eventBoxes(textsOf(events))];
  const parts = { title: 'Change the webhook', content, does: 'Change' };
  const changed = await asked(parts, (given) =>
    api.send('PATCH', path, { ...urlOf(given), events: ticked(given, 'events', 'event') }),
  );
  return changed !== null;
}

function urlOf(given: FormData): { readonly url: string } {
  return { url: textOf(given.get('url')).trim() };
}
