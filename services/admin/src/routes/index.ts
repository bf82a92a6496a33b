/**
 * All routes of the API: one file a resource.
 */

import type { Routes } from '../api.ts';
import { auditRoutes } from './audit.ts';
import { bulkRoutes } from './bulk.ts';
import { configRoutes } from './config.ts';
import {
  appPasswordRoutes,
  certificateNameRoutes,
  credentialRoutes,
  otherSecretRoutes,
} from './credentials.ts';
import { domainAddRoutes, domainReadRoutes, domainRoutes } from './domains.ts';
import { exportRoutes } from './export.ts';
import { grantRoutes, masterGrantRoutes } from './grants.ts';
import { importRoutes } from './import.ts';
import { injectionRoutes } from './injection.ts';
import { jobEventRoutes } from './job-events.ts';
import { jobRoutes } from './jobs.ts';
import { logLevelRoutes } from './log-level.ts';
import { loginNameRoutes } from './login-names.ts';
import { mailboxChangeRoutes, mailboxDeletionRoutes } from './mailbox-changes.ts';
import { mailboxListRoutes, mailboxRoutes } from './mailboxes.ts';
import { messageChangeRoutes, messageRoutes } from './messages.ts';
import { nodeRoutes } from './nodes.ts';
import { overviewRoutes } from './overview.ts';
import { passwordHashRoutes } from './password-hashes.ts';
import { sessionEndRoutes, sessionRoutes } from './sessions.ts';
import { throttleClearRoutes, throttleRoutes } from './throttles.ts';
import { tokenChangeRoutes, tokenRoutes } from './tokens.ts';
import { webhookDeliveryRoutes } from './webhook-deliveries.ts';
import {
  webhookAddRoutes,
  webhookChangeRoutes,
  webhookReadRoutes,
  webhookRemovalRoutes,
  webhookSecretRoutes,
} from './webhooks.ts';

export const allRoutes: readonly Routes[] = [
  ...[domainReadRoutes, domainAddRoutes, domainRoutes],
  ...[mailboxListRoutes, mailboxRoutes],
  ...[mailboxChangeRoutes, mailboxDeletionRoutes, bulkRoutes],
  ...[credentialRoutes, otherSecretRoutes, appPasswordRoutes, certificateNameRoutes],
  ...[passwordHashRoutes],
  ...[loginNameRoutes],
  ...[grantRoutes, masterGrantRoutes],
  ...[messageRoutes, messageChangeRoutes, injectionRoutes],
  ...[importRoutes, exportRoutes, jobRoutes, jobEventRoutes],
  ...[sessionRoutes, sessionEndRoutes, throttleRoutes, throttleClearRoutes],
  ...[nodeRoutes, logLevelRoutes, overviewRoutes],
  ...[tokenRoutes, tokenChangeRoutes],
  ...[webhookReadRoutes, webhookAddRoutes, webhookChangeRoutes],
  ...[webhookRemovalRoutes, webhookSecretRoutes],
  ...[webhookDeliveryRoutes],
  ...[auditRoutes],
  ...[configRoutes],
];
