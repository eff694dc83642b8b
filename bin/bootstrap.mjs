/**
 * What stands in front of every npm script: `node bin/bootstrap.mjs PROGRAM [ARGUMENTS]` installs
 * the dependencies when they are missing, then runs PROGRAM under Node 24. Needs Node 20 and npm.
 */
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runInPlace } from './bootstrap/child.mjs';
import { ensureDependencies } from './bootstrap/dependencies.mjs';
import { findNode } from './bootstrap/node-24.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const say = (line) => process.stderr.write(`${line}\n`);

async function main([program, ...args]) {
  if (!program) {
    say('usage: node bin/bootstrap.mjs PROGRAM [ARGUMENTS]');
    return 1;
  }
  try {
    await ensureDependencies(root, { say });
  } catch (error) {
    say(error.message);
    return 1;
  }
  const node = findNode(root);
  if (node.problem) {
    say(node.problem);
    return 1;
  }
  const modules = join(root, 'node_modules');
  const path = [dirname(node.path), join(modules, '.bin'), process.env.PATH].join(delimiter);
  const cache = join(modules, '.cache', 'quincunx', 'compile');
  const env = { NODE_COMPILE_CACHE: cache, ...process.env, PATH: path };
  return runInPlace(node.path, [join(root, program), ...args], env);
}

process.exitCode = await main(process.argv.slice(2));
