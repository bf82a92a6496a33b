/**
 * The entry of the admin role's worker thread. All it does is hand the role to the runtime, so that
 * `role.ts` can be imported without a thread starting.
 */

import { runWorker } from '@poplar/runtime';
import { startAdmin } from './role.ts';

runWorker(startAdmin);
