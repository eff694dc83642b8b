/**
 * The project's own files as git sees them (tracked, or new and not ignored), for the tests that
 * look at the code itself.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT: string = fileURLToPath(new URL('../..', import.meta.url));

export interface SourceFile {
  /** From the root, with slashes. */
  readonly path: string;
  readonly lines: readonly string[];
}

/** Paths from the root, sorted. */
export function projectPaths(): string[] {
  const args = ['ls-files', '--cached', '--others', '--exclude-standard', '-z'];
  return execFileSync('git', args, { cwd: ROOT, encoding: 'utf8' })
    .split('\0')
    .filter((path) => path !== '' && existsSync(join(ROOT, path)))
    .sort();
}

/** TypeScript and plain JavaScript of ours, without what a generator wrote and without fixtures. */
export function sourceFiles(): SourceFile[] {
  return projectPaths()
    .filter((path) => /\.(ts|mjs|js)$/.test(path) && !/\.gen\.ts$/.test(path))
    .filter((path) => !/^test\/(fixtures|golden)\//.test(path))
    .map((path) => ({ path, lines: readFileSync(join(ROOT, path), 'utf8').split('\n') }));
}
