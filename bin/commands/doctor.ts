/**
 * `quincunx doctor`: which real parts are there, what is used instead of those that are not, and
 * the command that installs them.
 */
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { delimiter, join } from 'node:path';
import type { Command } from 'commander';
import {
  findRealToxiproxy,
  findToxiproxyCli,
  INSTALL_CLI_COMMAND,
  INSTALL_COMMAND,
} from '../../chaos/toxiproxy/real.ts';
import { findK6, INSTALL_K6 } from '../../scenarios/k6/run-k6.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { packageInfo } from '../package-info.ts';

const EXAMPLES = `
Examples:
  quincunx doctor
  quincunx doctor --json
`;
const CHROMIUM_NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

interface Part {
  readonly name: string;
  readonly found: boolean;
  /** Version, path or number: what is there. */
  readonly detail: string;
  /** What is used while it is missing. */
  readonly instead?: string;
  /** Command that installs it. */
  readonly install?: string;
}

export function addDoctor(program: Command, finish: (code: ExitCode) => void): void {
  program
    .command('doctor')
    .description('what is installed, what is used instead, and how to get the rest')
    .option('--json', 'as JSON on standard output')
    .addHelpText('after', EXAMPLES)
    .action(({ json }: { readonly json?: true }) => {
      const parts = [...machine(), ...packages(), toxiproxy(), toxiproxyCli(), k6(), chromium()];
      process.stdout.write(json ? `${JSON.stringify({ parts }, null, 2)}\n` : table(parts));
      // A missing real part is no fault: something else does its work. A missing package is one.
      const broken = parts.some(({ found, instead }) => !found && instead === undefined);
      finish(broken ? EXIT.ourFault : EXIT.held);
    });
}

function machine(): Part[] {
  return [
    { name: 'quincunx', found: true, detail: packageInfo().version },
    { name: 'node', found: true, detail: `${process.versions.node} (${process.execPath})` },
    { name: 'cores', found: true, detail: String(availableParallelism()) },
  ];
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
  const missing = { instead: 'the embedded server', install: INSTALL_COMMAND };
  return program('toxiproxy-server', findRealToxiproxy, missing);
}

function toxiproxyCli(): Part {
  const instead = 'nothing; only a test drives the embedded server with it';
  return program('toxiproxy-cli', findToxiproxyCli, { instead, install: INSTALL_CLI_COMMAND });
}

function program(
  name: string,
  find: () => string | undefined,
  missing: Pick<Part, 'instead' | 'install'>,
): Part {
  try {
    const path = find();
    if (path) return { name, found: true, detail: path };
    return { name, found: false, detail: 'missing', ...missing };
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return { name, found: false, detail, ...missing };
  }
}

function k6(): Part {
  const missing = { instead: 'our own virtual users', install: INSTALL_K6 };
  return program('k6', findK6, missing);
}

/** Only the tests of the report open a browser. */
function chromium(): Part {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  const places = CHROMIUM_NAMES.flatMap((name) => folders.map((folder) => join(folder, name)));
  const path = places.find(isProgram);
  const name = 'chromium';
  if (path) return { name, found: true, detail: path };
  const instead = 'nothing; only tests of the report look at it in a browser';
  const install = 'node bin/real-parts.mjs install chromium';
  return { name, found: false, detail: 'missing', instead, install };
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function table(parts: readonly Part[]): string {
  const width = Math.max(...parts.map(({ name }) => name.length));
  const rows = parts.map(({ name, found, detail, instead, install }) => {
    const more = [instead && `instead: ${instead}`, install && `get it: ${install}`];
    const lines = more.filter(Boolean).map((line) => `\n${' '.repeat(width + 10)}${line}`);
    return `${found ? 'ok     ' : 'missing'}  ${name.padEnd(width)} ${detail}${lines.join('')}`;
  });
  return `${rows.join('\n')}\n`;
}
