/** `quincunx restore`: fills the empty store of a datacentre from a backup. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import {
  type BackupSummary,
  RestoreTargetError,
  restoreBackup,
  storeFolder,
} from '../../system-under-test/live/backup.ts';
import { topologyHash } from '../../system-under-test/live/backup-format.ts';
import { BackupFileError } from '../../system-under-test/live/backup-reader.ts';
import { dcFolder, existingSecret } from '../../system-under-test/live/cluster-files.ts';
import { askCluster } from '../../system-under-test/live/control-socket.ts';
import { dcIds } from '../../system-under-test/topology.ts';
import { EXIT, type ExitCode, InvalidInput } from '../exit-codes.ts';
import { onInterrupt } from '../interrupt.ts';
import { OptionReader } from '../option-values.ts';
import { ProgressLine } from '../progress-line.ts';
import { amountOf, topology } from './backup.ts';

const HELP = `
Examples:
  mv quincunx-data/dc2/store dc2.old                 nothing is ever overwritten
  quincunx restore --from dc2.backup --dc 2
  quincunx restore --from /backups/dc5 --data /srv/quincunx --dc 5 --json

Refuses a file that is damaged, of another DC, another topology or a cluster with another secret, a
store that is not empty, and a DC that runs. The store appears whole or not at all. The cluster's secret and RSA key are not in
a backup: put cluster-secret.hex and rsa-private-key.pem into the data folder first.

After a restore the DC is behind: of its own stream, other DCs hold more than it does, and of
theirs it has to take what came since. When it is started it asks them first, takes all of its own
domain from the one that has the most, and numbers what it writes behind all that was ever taken;
only then does it serve. What was written after the backup and had reached no other DC is lost.
`;

interface RawOptions {
  readonly from: string;
  readonly data: string;
  readonly dc: string;
  readonly json?: true;
}

export function addRestore(program: Command, finish: (code: ExitCode) => void): void {
  program
    .command('restore')
    .description("fill a datacentre's empty store from a backup")
    .requiredOption('--from <file>', 'the backup')
    .option('--data <folder>', 'where the datacentres keep their data', 'quincunx-data')
    .requiredOption('--dc <n>', 'which datacentre')
    .option('--json', 'one line of JSON on standard output in the end')
    .addHelpText('after', HELP)
    .action(async (options: RawOptions) => finish(await restore(options)));
}

async function restore(options: RawOptions): Promise<ExitCode> {
  const read = new OptionReader();
  const dc = read.integer('--dc', options.dc, 1, Math.max(...dcIds(topology)));
  read.check();
  const dataFolder = resolve(options.data);
  const reply = await askCluster(dataFolder, { ask: 'running' });
  if (reply?.kind === 'running' && reply.dcs.includes(dc)) {
    throw new InvalidInput([`--dc ${dc}: is running on ${dataFolder}; stop it first`]);
  }
  const secret = await existingSecret(dataFolder);
  const line = new ProgressLine(process.stderr, () => performance.now(), false);
  const interrupt = onInterrupt((text) => line.say(text));
  try {
    const summary = await restoreBackup({
      file: resolve(options.from),
      folder: storeFolder(dcFolder(dataFolder, dc)),
      dc,
      topologyHash: topologyHash(topology),
      ...(secret && { secret }),
      signal: interrupt.signal,
      onProgress: ({ done, entries, bytes }) =>
        line.report('restore', { phase: `DC ${dc}`, done, text: amountOf(entries, bytes) }),
    });
    line.clear();
    process.stdout.write(options.json ? `${JSON.stringify(summary)}\n` : told(summary));
    return EXIT.held;
  } catch (error) {
    line.clear();
    if (interrupt.signal.aborted) return EXIT.interrupted;
    const refused = error instanceof BackupFileError || error instanceof RestoreTargetError;
    throw refused ? new InvalidInput([error.message]) : error;
  } finally {
    interrupt.release();
  }
}

const told = ({ dc, entries, bytes, createdAt }: BackupSummary): string =>
  `DC ${dc}: ${amountOf(entries, bytes)} restored, as of ${createdAt}\n` +
  'Start it with the others: it takes what it has missed from its replicas.\n';
