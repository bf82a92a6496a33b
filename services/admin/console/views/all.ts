/**
 * All views, in the order of the navigation. The first one that is for the token is shown first.
 */

import type { ViewPlace } from '../view.ts';
import { auditPlace } from './audit.ts';
import { domainsPlace } from './domains.ts';
import { jobsPlace } from './jobs.ts';
import { mailboxesPlace } from './mailboxes.ts';
import { nodesPlace } from './nodes.ts';
import { overviewPlace } from './overview.ts';
import { sessionsPlace } from './sessions.ts';
import { tokensPlace } from './tokens.ts';
import { webhooksPlace } from './webhooks.ts';

export const allPlaces: readonly ViewPlace[] = [
  overviewPlace,
  sessionsPlace,
  domainsPlace,
  mailboxesPlace,
  jobsPlace,
  nodesPlace,
  webhooksPlace,
  tokensPlace,
  auditPlace,
];
