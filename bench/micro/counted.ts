/**
 * What the cases allocate, counted in a process of its own, and what was kept of it.
 *
 * Never: a comparison between versions of Node: each compiles to other code and keeps other objects.
 */

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { MicroResult } from './micro-case.ts';

const program = fileURLToPath(new URL('./count.ts', import.meta.url));
export const keptFile = fileURLToPath(new URL('../results/micro.json', import.meta.url));
export const keptPlansFile = fileURLToPath(new URL('../results/store-plans.txt', import.meta.url));

const countedWithinMs = 120_000;

export interface Kept {
  readonly node: string;
  /** Octets of an operation, by case. */
  readonly octets: Readonly<Record<string, number>>;
}

export function count(flags: readonly string[]): MicroResult[] {
  const { status, stdout, stderr } = spawnSync(process.execPath, [...flags, program], {
    encoding: 'utf8',
    timeout: countedWithinMs,
    env: { PATH: process.env.PATH },
  });
  if (status !== 0) throw new Error(`the count ended with ${status}: ${stderr}`);
  return JSON.parse(stdout);
}

export function readKept(): Kept {
  return JSON.parse(readFileSync(keptFile, 'utf8'));
}

/** More than this and it is no accident: runs differ by a few hundredths, `deliver` by up to a tenth. */
export function isMore(octets: number, kept: number): boolean {
  return octets > kept * 1.15 + 8;
}
