/**
 * `npm run build`: the package's `dist`. JavaScript and types from the compiler, and beside them
 * the files that the program reads as they are.
 */
import { cpSync, existsSync, rmSync } from 'node:fs';
import { extname, join } from 'node:path';
import { packageInfo } from '../package-info.ts';
import { runSteps, TYPES } from './steps.ts';

const FOLDERS = ['chaos', 'reports', 'scenarios', 'sim', 'system-under-test'];

const { root } = packageInfo();
rmSync(join(root, 'dist'), { recursive: true, force: true });
const code = await runSteps([{ ...TYPES, name: 'build', args: ['-p', 'bin/tsconfig.build.json'] }]);
for (const folder of FOLDERS.filter((name) => existsSync(join(root, name)))) {
  cpSync(join(root, folder), join(root, 'dist', folder), {
    recursive: true,
    filter: (source) => extname(source) !== '.ts',
  });
}
process.exitCode = code;
