/**
 * Runs a program in our place: same terminal, same exit code, signals passed on. Plain JavaScript
 * for Node 20.
 */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';

const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/**
 * One Ctrl-C arrives here more than once (from the terminal and from npm, which passes it on):
 * repetitions within this time are the same key press.
 */
const SAME_PRESS_MS = 500;

/** Resolves with the exit code; 128 + the signal's number when a signal ended the program. */
export function runInPlace(path, args, env) {
  return new Promise((resolve, reject) => {
    const child = spawn(path, args, { stdio: 'inherit', env });
    const lastAt = new Map();
    const forward = (signal) => {
      const now = Date.now();
      if (now - (lastAt.get(signal) ?? Number.NEGATIVE_INFINITY) < SAME_PRESS_MS) return;
      lastAt.set(signal, now);
      child.kill(signal);
    };
    for (const signal of FORWARDED) process.on(signal, forward);
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      for (const name of FORWARDED) process.off(name, forward);
      resolve(code ?? 128 + constants.signals[signal]);
    });
  });
}
