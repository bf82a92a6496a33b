/**
 * All views, in the order of the navigation. The first one that is for the token is shown first.
 */

import type { ViewPlace } from '../view.ts';
import { auditPlace } from './audit.ts';
import { mailboxesPlace } from './mailboxes.ts';
import { nodesPlace } from './nodes.ts';
import { overviewPlace } from './overview.ts';
import { sessionsPlace } from './sessions.ts';

export const allPlaces: readonly ViewPlace[] = [
  overviewPlace,
  sessionsPlace,
  mailboxesPlace,
  nodesPlace,
  auditPlace,
];
