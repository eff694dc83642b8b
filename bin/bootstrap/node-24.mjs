/**
 * Finds the Node that runs TypeScript as it is: the one of the npm package `node`, else the
 * current one when it is new enough. Plain JavaScript for Node 20.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** From 24.12 on Node strips types without a flag or a warning, in worker threads too. */
export const NEEDED = [24, 12];

export function newEnough(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > NEEDED[0] || (major === NEEDED[0] && minor >= NEEDED[1]);
}

/** Folder of the npm package `node` as `root` sees it, or undefined. */
function nodePackage(root) {
  try {
    return dirname(createRequire(join(root, 'package.json')).resolve('node/package.json'));
  } catch {
    return undefined;
  }
}

/**
 * Path of a Node to run, or what the person must do, in `problem`. `current` can be replaced in
 * tests.
 */
export function findNode(
  root,
  current = { version: process.versions.node, path: process.execPath },
) {
  const folder = nodePackage(root);
  const binary = process.platform === 'win32' ? 'node.exe' : 'node';
  const own = folder && join(folder, 'bin', binary);
  if (own && existsSync(own)) return { path: own };
  if (newEnough(current.version)) return { path: current.path };
  const needs = `Quincunx needs Node ${NEEDED.join('.')} or newer; this is Node ${current.version}.`;
  if (!folder) return { problem: `${needs} Install its dependencies first: npm install` };
  return {
    problem: [
      `${needs} It brings its own in the npm package 'node', but npm did not run that package's`,
      'install script, so the program is missing. Do one of these:',
      `  cd ${dirname(dirname(folder))} && npm rebuild node     (lets the script run now)`,
      '  npm install --allow-scripts=node                       (npm 11 and newer ask for consent)',
      '  npm config get ignore-scripts                          (if "true", set it to false)',
      '  install Node 24 from https://nodejs.org                (then nothing else is needed)',
    ].join('\n'),
  };
}
