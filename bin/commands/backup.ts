/**
 * `quincunx backup`: the store of one datacentre as one file, from the running cluster or, when it
 * does not run, from its folder.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { Command } from 'commander';
import fiveDatacentres from '../../system-under-test/five-datacentres.json' with { type: 'json' };
import {
  type BackupProgress,
  type BackupSummary,
  storeFolder,
  writeBackup,
} from '../../system-under-test/live/backup.ts';
import { topologyHash } from '../../system-under-test/live/backup-format.ts';
import { dcFolder } from '../../system-under-test/live/cluster-files.ts';
import { askCluster } from '../../system-under-test/live/control-socket.ts';
import { DataFolderError } from '../../system-under-test/live/data-folder.ts';
import { openLevelStore } from '../../system-under-test/live/level-store.ts';
import { dcIds, type Topology } from '../../system-under-test/topology.ts';
import { EXIT, type ExitCode, InvalidInput } from '../exit-codes.ts';
import { Interrupted, onInterrupt } from '../interrupt.ts';
import { OptionReader } from '../option-values.ts';
import { ProgressLine } from '../progress-line.ts';

const HELP = `
Examples:
  quincunx backup --dc 2 --to dc2.backup             while serve runs on ./quincunx-data, or not
  quincunx backup --data /var/q --dc 2 --to /b/dc2.backup --json

The backup is the state of the datacentre at one moment, however long it takes and whatever is
written meanwhile. It holds messages in the clear and auth keys sealed with the cluster's secret.
The secret itself (cluster-secret.hex) and the RSA key (rsa-private-key.pem) are NOT part of it:
keep copies of these two files, in another place. Without the secret, a restored DC cannot start.
`;

interface RawOptions {
  readonly data: string;
  readonly dc: string;
  readonly to: string;
  readonly json?: true;
}

/** What to back up, and where to. */
interface Order {
  readonly dataFolder: string;
  readonly dc: number;
  readonly file: string;
  readonly temporary: string;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: BackupProgress) => void;
}

export const topology: Topology = fiveDatacentres;

export function addBackup(program: Command, finish: (code: ExitCode) => void): void {
  program
    .command('backup')
    .description("write one datacentre's store to a file, while it runs or not")
    .option('--data <folder>', 'where the datacentres keep their data', 'quincunx-data')
    .requiredOption('--dc <n>', 'which datacentre')
    .requiredOption('--to <file>', 'the file to write; must not exist')
    .option('--json', 'one line of JSON on standard output in the end')
    .addHelpText('after', HELP)
    .action(async (options: RawOptions) => finish(await backup(options)));
}

async function backup(options: RawOptions): Promise<ExitCode> {
  const read = new OptionReader();
  const dc = read.integer('--dc', options.dc, 1, Math.max(...dcIds(topology)));
  const dataFolder = resolve(options.data);
  const file = resolve(options.to);
  if (!isFolder(dataFolder)) read.problems.push(`--data ${dataFolder}: is no folder`);
  if (existsSync(file)) read.problems.push(`--to ${file}: is already there; name a new file`);
  else if (!isFolder(dirname(file))) read.problems.push(`--to ${file}: its folder is not there`);
  read.check();
  const line = new ProgressLine(process.stderr, () => performance.now(), false);
  const interrupt = onInterrupt((text) => line.say(text));
  const name = `.${basename(file)}.${randomBytes(4).toString('hex')}.partial`;
  const order: Order = {
    dataFolder,
    dc,
    file,
    temporary: join(dirname(file), name),
    signal: interrupt.signal,
    onProgress: ({ entries, bytes }) =>
      line.count('backup', `DC ${dc}: ${amountOf(entries, bytes)}`),
  };
  try {
    const summary = (await fromCluster(order)) ?? (await fromFolder(order));
    line.clear();
    process.stdout.write(options.json ? `${JSON.stringify(summary)}\n` : told(summary));
    return EXIT.held;
  } catch (error) {
    line.clear();
    if (interrupt.signal.aborted || error instanceof Interrupted) return EXIT.interrupted;
    throw error instanceof DataFolderError ? new InvalidInput([error.message]) : error;
  } finally {
    // What a process that was killed meanwhile has left; nothing else has this name.
    rmSync(order.temporary, { force: true });
    interrupt.release();
  }
}

/** Undefined when no cluster runs on the folder, or this datacentre of it does not. */
async function fromCluster(order: Order): Promise<BackupSummary | undefined> {
  const { dataFolder, dc, file, temporary, onProgress, signal } = order;
  const request = { ask: 'backup', dc, file, temporary } as const;
  const reply = await askCluster(dataFolder, request, { onProgress, signal });
  if (reply?.kind === 'backup') return reply.summary;
  if (reply?.kind === 'failed') throw new InvalidInput([`the backup failed: ${reply.why}`]);
  return undefined;
}

async function fromFolder(order: Order): Promise<BackupSummary> {
  const { dataFolder, dc, file, temporary, signal, onProgress } = order;
  const folder = storeFolder(dcFolder(dataFolder, dc));
  if (!existsSync(join(folder, 'CURRENT'))) {
    throw new InvalidInput([`--data ${dataFolder}: DC ${dc} has no store there`]);
  }
  const store = await openLevelStore(folder);
  try {
    return await writeBackup({
      pages: () => store.snapshot(),
      dc,
      topologyHash: topologyHash(topology),
      createdAtMs: Date.now(),
      file,
      temporary,
      signal,
      onProgress,
    });
  } finally {
    await store.close();
  }
}

export function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

export const amountOf = (entries: number, bytes: number): string =>
  `${entries.toLocaleString('en')} entries, ${(bytes / 1e6).toFixed(1)} MB`;

function told({ file, dc, entries, bytes, damaged }: BackupSummary): string {
  const lines = [`DC ${dc}: ${amountOf(entries, bytes)} in ${file}`];
  if (damaged > 0) {
    lines.push(`${damaged} of these entries are damaged on its disk; its replicas have them sound`);
  }
  lines.push('Keep cluster-secret.hex and rsa-private-key.pem too: they are not part of it.');
  return `${lines.join('\n')}\n`;
}
