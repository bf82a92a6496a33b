/**
 * `poplar webhook`: whom events are sent to, and what became of them.
 *
 * Never: a secret shown a second time.
 */

import { deliveryStates, webhookEvents } from '@poplar/store';
import type { Command } from 'commander';
import { withApi } from './api/access.ts';
import { dateOf, type Fields, pathOf, queryOf, textOf } from './api/client.ts';
import { wordOption, wordsOption } from './closed-list.ts';
import { domainArgument, idArgument } from './names.ts';
import { printedDate, printJson, printLine, printRows } from './output.ts';
import { type StoreCommandOptions, withStoreOptions } from './store-access.ts';

interface AddOptions extends StoreCommandOptions {
  readonly events: readonly string[];
  readonly domain?: string;
}

interface DeliveriesOptions extends StoreCommandOptions {
  readonly state?: string;
}

interface RotateOptions extends StoreCommandOptions {
  readonly dropFormer?: boolean;
}

export function registerWebhookCommands(program: Command): void {
  const webhook = program.command('webhook').description('where events are sent to');
  const sub = (name: string, description: string): Command =>
    withStoreOptions(webhook.command(name).description(description));
  const ofOne = (name: string, description: string): Command =>
    sub(name, description).argument('<id>', 'as list shows it', idArgument);
  sub('list', 'list them').action(listWebhooks);
  sub('add', 'make one and print its secret, once')
    .argument('<url>', 'https, of a host with a public address')
    .addOption(
      wordsOption(
        '--events <events>',
        'what it is told of, with commas between',
        webhookEvents,
      ).makeOptionMandatory(),
    )
    .option('--domain <domain>', 'only events of this domain', domainArgument)
    .action(addWebhook);
  ofOne('remove', 'remove one').action(removeWebhook);
  ofOne('suspend', 'send it nothing').action((id: string, options: StoreCommandOptions) =>
    setEnabled(id, options, false),
  );
  ofOne('resume', 'send to it again').action((id: string, options: StoreCommandOptions) =>
    setEnabled(id, options, true),
  );
  ofOne('rotate', 'print a new secret, once')
    .option('--drop-former', 'the former one has leaked: sign with the new one alone, at once')
    .action(rotateSecret);
  ofOne('drop-former', 'sign no more with the secret before the last one').action(dropFormer);
  ofOne('test', 'send the event webhook.test').action(testWebhook);
  ofOne('deliveries', 'list what was sent, the latest first')
    .addOption(wordOption('--state <state>', 'only those in this state', deliveryStates))
    .action(listDeliveries);
  sub('resend', 'send one again')
    .argument('<delivery>', 'as deliveries shows it', idArgument)
    .action(resend);
}

async function listWebhooks(options: StoreCommandOptions): Promise<void> {
  await withApi(options, (api) =>
    printRows<Fields>({
      pages: api.pages('/webhooks'),
      columns: [
        { title: 'ID', text: ({ webhookId }) => textOf(webhookId), right: true },
        { title: 'URL', text: ({ url }) => textOf(url), widthMin: 30 },
        { title: 'EVENTS', text: ({ events }) => String(events), widthMin: 20 },
        { title: 'DOMAIN', text: ({ domain }) => textOf(domain, 'all') },
        { title: 'STATE', text: ({ enabled }) => (enabled === true ? 'active' : 'suspended') },
        { title: 'PENDING', text: ({ pending }) => textOf(pending), right: true },
        { title: 'DEAD', text: ({ dead }) => textOf(dead), right: true },
      ],
      json: (row) => row,
      asJson: options.json === true,
      none: 'there is no webhook',
    }),
  );
}

async function addWebhook(url: string, options: AddOptions): Promise<void> {
  const { events, domain } = options;
  const asked = { url, events, domain };
  const made = await withApi(options, (api) => api.call('POST', '/webhooks', asked));
  if (options.json === true) printJson({ ...asked, ...made });
  else printLine(`webhook ${textOf(made.webhookId)} ${textOf(made.secret)}`);
}

async function removeWebhook(webhookId: string, options: StoreCommandOptions): Promise<void> {
  await withApi(options, (api) => api.call('DELETE', pathOf`/webhooks/${webhookId}`));
  if (options.json === true) printJson({ webhookId });
  else printLine(`webhook ${webhookId} removed`);
}

async function setEnabled(
  webhookId: string,
  options: StoreCommandOptions,
  enabled: boolean,
): Promise<void> {
  const path = pathOf`/webhooks/${webhookId}`;
  await withApi(options, (api) => api.call('PATCH', path, { enabled }));
  if (options.json === true) printJson({ webhookId, enabled });
  else printLine(`webhook ${webhookId} ${enabled ? 'is active' : 'is suspended'}`);
}

async function rotateSecret(webhookId: string, options: RotateOptions): Promise<void> {
  const isDropped = options.dropFormer === true;
  const path = `${pathOf`/webhooks/${webhookId}/secret`}${isDropped ? '?dropFormer=true' : ''}`;
  const made = await withApi(options, (api) => api.call('POST', path));
  if (options.json === true) printJson({ webhookId, ...made });
  else printLine(textOf(made.secret));
}

async function dropFormer(webhookId: string, options: StoreCommandOptions): Promise<void> {
  await withApi(options, (api) => api.call('DELETE', pathOf`/webhooks/${webhookId}/former-secret`));
  if (options.json === true) printJson({ webhookId });
  else printLine(`webhook ${webhookId} signs with its newest secret alone`);
}

async function testWebhook(webhookId: string, options: StoreCommandOptions): Promise<void> {
  const path = pathOf`/webhooks/${webhookId}/test`;
  const sent = await withApi(options, (api) => api.call('POST', path));
  if (options.json === true) printJson({ webhookId, ...sent });
  else printLine(`delivery ${textOf(sent.deliveryId)} of webhook ${webhookId} is on its way`);
}

async function listDeliveries(webhookId: string, options: DeliveriesOptions): Promise<void> {
  const { state } = options;
  const path = `${pathOf`/webhooks/${webhookId}/deliveries`}${queryOf({ state })}`;
  await withApi(options, (api) =>
    printRows<Fields>({
      pages: api.pages(path),
      columns: [
        { title: 'ID', text: ({ deliveryId }) => textOf(deliveryId), right: true },
        { title: 'AT', text: ({ createdAt }) => printedDate(dateOf(createdAt) ?? new Date(0)) },
        { title: 'EVENT', text: ({ event }) => textOf(event), widthMin: 18 },
        { title: 'STATE', text: ({ state: is }) => textOf(is) },
        { title: 'ATTEMPTS', text: ({ attempts }) => textOf(attempts), right: true },
        { title: 'STATUS', text: ({ lastStatus }) => textOf(lastStatus, '-') },
        { title: 'PROBLEM', text: ({ lastError }) => textOf(lastError, '-') },
      ],
      json: (row) => row,
      asJson: options.json === true,
      none: 'nothing was sent yet',
    }),
  );
}

async function resend(deliveryId: string, options: StoreCommandOptions): Promise<void> {
  const path = pathOf`/webhook-deliveries/${deliveryId}/resend`;
  await withApi(options, (api) => api.call('POST', path));
  if (options.json === true) printJson({ deliveryId });
  else printLine(`delivery ${deliveryId} is sent again`);
}
