/**
 * The real toxiproxy-server and k6, where an option asks for them: whether they are there, and how
 * they get there, from a clone as well as from an installed package.
 */
import { join, relative } from 'node:path';
import { findRealToxiproxy } from '../chaos/toxiproxy/real.ts';
import { findK6 } from '../scenarios/k6/run-k6.ts';
import type { OptionReader } from './option-values.ts';
import { packageInfo } from './package-info.ts';
import { quoted } from './print-results.ts';

export type RealPart = 'toxiproxy' | 'toxiproxy-cli' | 'k6' | 'chromium';

const PROGRAMS = {
  toxiproxy: { program: 'toxiproxy-server', find: findRealToxiproxy },
  k6: { program: 'k6', find: findK6 },
} as const;

/** What a person types in the working folder. */
export function installCommand(part: RealPart): string {
  const path = join(packageInfo().root, 'bin/real-parts.mjs');
  const near = relative(process.cwd(), path);
  return `node ${quoted(near.startsWith('..') ? path : near)} install ${part}`;
}

/** Adds a problem to `read` where the program is not there, or its variable names none. */
export function needProgram(
  part: keyof typeof PROGRAMS,
  option: string,
  read: Pick<OptionReader, 'problems'>,
): void {
  const { program, find } = PROGRAMS[part];
  try {
    if (find() !== undefined) return;
    read.problems.push(`${option}: there is no ${program}; get it with: ${installCommand(part)}`);
  } catch (error) {
    read.problems.push(`${option}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
