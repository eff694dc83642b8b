/**
 * Runs the programs of a task (compiler, linter, test runner) one after the other and stops at the
 * first that fails, so that the last lines on the screen are those that matter.
 */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { join } from 'node:path';
import { packageInfo } from '../package-info.ts';

export interface Step {
  readonly name: string;
  /** A script under node_modules or our own; Node runs it. */
  readonly script: string;
  readonly args: readonly string[];
}

const modules = (path: string): string => join('node_modules', path);

export const TYPES: Step = {
  name: 'types',
  script: modules('typescript/bin/tsc'),
  args: ['-p', '.'],
};
export const LINT: Step = {
  name: 'lint and format',
  script: modules('@biomejs/biome/bin/biome'),
  args: ['check'],
};
export const tests = (...args: readonly string[]): Step => ({
  name: 'tests',
  script: modules('vitest/vitest.mjs'),
  args: ['run', '--root', '.', '--config', 'test/vitest.config.ts', ...args],
});

/** Exit code of the first step that fails, or 0. */
export async function runSteps(steps: readonly Step[]): Promise<number> {
  const { root } = packageInfo();
  for (const { name, script, args } of steps) {
    process.stderr.write(`> ${name}\n`);
    const code = await runNode(root, script, args);
    if (code !== 0) {
      process.stderr.write(`${name}: failed (exit code ${code})\n`);
      return code;
    }
  }
  return 0;
}

/** A signal reaches the step too; we stay until it has ended. */
function runNode(root: string, script: string, args: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(root, script), ...args], {
      cwd: root,
      stdio: 'inherit',
    });
    const forward = (signal: NodeJS.Signals): void => void child.kill(signal);
    process.on('SIGINT', forward).on('SIGTERM', forward);
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      process.off('SIGINT', forward).off('SIGTERM', forward);
      resolve(code ?? 128 + constants.signals[signal!]);
    });
  });
}
