/** The programs and packages that Quincunx uses: what is there, and what is used instead. */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { findRealToxiproxy, findToxiproxyCli } from '../../chaos/toxiproxy/real.ts';
import { findK6 } from '../../scenarios/k6/run-k6.ts';
import { packageInfo } from '../package-info.ts';
import { installCommand } from '../real-program.ts';

export interface Part {
  readonly name: string;
  readonly found: boolean;
  /** Version, path or number: what is there. */
  readonly detail: string;
  /** Of a program, in its own words; absent where it did not say. */
  readonly version?: string;
  /** What is used while it is missing. */
  readonly instead?: string;
  /** Command that installs it. */
  readonly install?: string;
}

const CHROMIUM_NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
/** A program that does not say its version by then is not well. */
const VERSION_MS_MAX = 5_000;
const VERSION_CHARACTERS_MAX = 100;

/** In the order in which they are printed. */
export function findParts(): Part[] {
  return [...packages(), toxiproxy(), toxiproxyCli(), k6(), chromium()];
}

/** The packages that the program needs, each with its version, wherever npm has put them. */
function packages(): Part[] {
  const { dependencies, root } = packageInfo();
  return Object.keys(dependencies).map((name) => {
    const version = installedVersion(root, name);
    return version === undefined
      ? { name, found: false, detail: 'missing', install: 'npm install' }
      : { name, found: true, detail: version };
  });
}

/** Looks in node_modules of each folder upwards, as Node does. */
function installedVersion(folder: string, name: string): string | undefined {
  const path = join(folder, 'node_modules', name, 'package.json');
  if (existsSync(path)) {
    return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version;
  }
  const parent = join(folder, '..');
  return parent === folder ? undefined : installedVersion(parent, name);
}

function toxiproxy(): Part {
  const missing = { instead: 'the embedded server', install: installCommand('toxiproxy') };
  return program('toxiproxy-server', findRealToxiproxy, ['-version'], missing);
}

function toxiproxyCli(): Part {
  const instead = 'nothing; only a test drives the embedded server with it';
  const missing = { instead, install: installCommand('toxiproxy-cli') };
  return program('toxiproxy-cli', findToxiproxyCli, ['--version'], missing);
}

function k6(): Part {
  const missing = { instead: 'our own virtual users', install: installCommand('k6') };
  return program('k6', findK6, ['version'], missing);
}

/** Only the tests of the report open a browser. */
function chromium(): Part {
  const instead = 'nothing; only tests of the report look at it in a browser';
  const install = installCommand('chromium');
  return program('chromium', findChromium, ['--version'], { instead, install });
}

function findChromium(): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  const places = CHROMIUM_NAMES.flatMap((name) => folders.map((folder) => join(folder, name)));
  return places.find(isProgram);
}

function program(
  name: string,
  find: () => string | undefined,
  askVersion: readonly string[],
  missing: Pick<Part, 'instead' | 'install'>,
): Part {
  try {
    const path = find();
    if (!path) return { name, found: false, detail: 'missing', ...missing };
    const version = versionOf(path, askVersion);
    return { name, found: true, detail: path, ...(version === undefined ? {} : { version }) };
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return { name, found: false, detail, ...missing };
  }
}

function versionOf(path: string, words: readonly string[]): string | undefined {
  const { stdout, status } = spawnSync(path, words, { encoding: 'utf8', timeout: VERSION_MS_MAX });
  const line = stdout?.split('\n')[0]?.trim().slice(0, VERSION_CHARACTERS_MAX);
  return status === 0 && line ? line : undefined;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
