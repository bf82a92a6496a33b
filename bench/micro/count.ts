/**
 * One process that measures every case and prints the results as JSON. Which compilers it has is for
 * whoever starts it to say.
 */

import { type MicroResult, measureMicro } from './micro-case.ts';
import { protocolCases } from './protocol-cases.ts';
import { storeCases } from './store-cases.ts';

const results: MicroResult[] = [...protocolCases(), ...storeCases()].map((one) =>
  measureMicro(one),
);
process.stdout.write(JSON.stringify(results));
