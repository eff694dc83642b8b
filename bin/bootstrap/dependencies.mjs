/**
 * Are the packages of package-lock.json installed, and if not, install them. Plain JavaScript and
 * Node 20 built-ins only: this runs before anything is there. A stamp with the hash of the lock
 * makes the second run a matter of milliseconds and needs no network.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** How often a run without a terminal says that it is still at it. */
const STILL_BUSY_MS = 10_000;

export const stampPath = (root) => join(root, 'node_modules', '.cache', 'quincunx', 'installed');

/** Hash of what must be installed: the lock, for this kind of machine. */
export function wantedStamp(root) {
  const lock = readFileSync(join(root, 'package-lock.json'));
  return createHash('sha256')
    .update(lock)
    .update(`${process.platform}-${process.arch}`)
    .digest('hex');
}

/**
 * True when node_modules holds what the lock asks for: the stamp says so, or npm's own record of
 * what it installed agrees with the lock (a person ran `npm ci`; then the stamp is written).
 */
export function dependenciesInstalled(root) {
  const wanted = wantedStamp(root);
  const stamp = stampPath(root);
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return true;
  if (!recordAgrees(root)) return false;
  writeStamp(root, wanted);
  return true;
}

function writeStamp(root, stamp) {
  mkdirSync(join(root, 'node_modules', '.cache', 'quincunx'), { recursive: true });
  writeFileSync(stampPath(root), stamp);
}

/** Compares node_modules/.package-lock.json, which npm writes last, with package-lock.json. */
function recordAgrees(root) {
  const record = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(record)) return false;
  const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  const present = JSON.parse(readFileSync(record, 'utf8')).packages;
  for (const [path, entry] of Object.entries(wanted)) {
    if (path === '') continue;
    const there = present[path];
    // Packages for other platforms are in the lock but not on the disk.
    if (there === undefined ? entry.optional !== true : there.version !== entry.version)
      return false;
  }
  return Object.keys(present).every((path) => path in wanted);
}

/**
 * Installs exactly the lock when something is missing. Resolves with true when it installed,
 * false when there was nothing to do; rejects with a message for people when npm fails.
 */
export async function ensureDependencies(root, { say, npm = npmCi }) {
  if (dependenciesInstalled(root)) return false;
  say('Installing the dependencies (once; about 130 MB, usually under a minute)...');
  const started = Date.now();
  const seconds = () => Math.round((Date.now() - started) / 1000);
  const busy = setInterval(() => say(`  still installing, ${seconds()} s`), STILL_BUSY_MS);
  try {
    await npm(root);
  } finally {
    clearInterval(busy);
  }
  writeStamp(root, wantedStamp(root));
  say(`Installed in ${seconds()} s.`);
  return true;
}

/** `npm ci`, with its output on standard error: standard output belongs to the program. */
function npmCi(root) {
  // Not with a Node of this node_modules: npm is about to delete it.
  const path = (process.env.PATH ?? '')
    .split(delimiter)
    .filter((folder) => !folder.startsWith(join(root, 'node_modules')))
    .join(delimiter);
  return new Promise((resolve, reject) => {
    const windows = process.platform === 'win32';
    // Packages that want a newer Node than the host's are no trouble: ours comes with them.
    const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error'];
    const child = spawn(windows ? 'npm.cmd' : 'npm', args, {
      cwd: root,
      env: { ...process.env, PATH: path },
      stdio: ['ignore', 2, 2],
      shell: windows,
    });
    child.on('error', (error) => reject(new Error(`npm could not be started: ${error.message}`)));
    child.on('exit', (code, signal) => {
      if (code === 0) resolve();
      else
        reject(new Error(`npm ci failed (${signal ?? `exit code ${code}`}); its message is above`));
    });
  });
}
