/**
 * The entry of a pop3 worker thread. All it does is hand the role to the runtime, so that `role.ts`
 * can be imported without a thread starting.
 */

import { runWorker } from '@poplar/runtime';
import { startPop3 } from './role.ts';

runWorker(startPop3);
