#!/usr/bin/env node
/**
 * The `quincunx` command of an installed package: starts on Node 20, finds Node 24, and runs the
 * built program; in a clone the source, which a build there may have left behind.
 */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runInPlace } from './bootstrap/child.mjs';
import { findNode } from './bootstrap/node-24.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const source = join(root, 'bin', 'quincunx.ts');
const program = existsSync(source) ? source : join(root, 'dist', 'bin', 'quincunx.js');
const node = findNode(root);
if (node.problem) {
  process.stderr.write(`${node.problem}\n`);
  process.exitCode = 1;
} else {
  process.exitCode = await runInPlace(node.path, [program, ...process.argv.slice(2)], process.env);
}
