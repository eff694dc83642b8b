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

/** Exit codes of a program that SIGHUP, SIGINT or SIGTERM ended; and ours (exit-codes.ts). */
const BY_SIGNAL = [129, 130, 143];
const INTERRUPTED = 105;

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const source = join(root, 'bin', 'quincunx.ts');
const program = existsSync(source) ? source : join(root, 'dist', 'bin', 'quincunx.js');
const node = findNode(root);
if (node.problem) {
  process.stderr.write(`${node.problem}\n`);
  process.exitCode = 1;
} else {
  const code = await runInPlace(node.path, [program, ...process.argv.slice(2)], process.env);
  // The program answers signals itself once it is loaded; before that they end it.
  const isEarly = BY_SIGNAL.includes(code);
  if (isEarly) process.stderr.write('interrupted before anything had begun\n');
  process.exitCode = isEarly ? INTERRUPTED : code;
}
