/** `quincunx move`: makes another datacentre of the running cluster the home of a user. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { askCluster } from '../../system-under-test/live/control-socket.ts';
import { type MoveSummary, PHONE } from '../../system-under-test/live/home-move.ts';
import { dcIds, siteOf } from '../../system-under-test/topology.ts';
import { EXIT, type ExitCode, InvalidInput } from '../exit-codes.ts';
import { Interrupted, onInterrupt } from '../interrupt.ts';
import { OptionReader } from '../option-values.ts';
import { ProgressLine } from '../progress-line.ts';
import { isFolder, topology } from './backup.ts';

const HELP = `
Examples:
  quincunx move --phone 9996620001 --to 3            while serve runs on ./quincunx-data
  quincunx move --data /var/q --phone +31612345678 --to 5 --json

The number keeps signing in at the datacentre that its digits name; messages, dialogs and whatever
comes from now on are kept at the new home. All five datacentres must run. While writes of the user
wait somewhere, the move is tried again for 10 s. Move homes in calm, not during an outage.
`;

/** Most moves take less; a longer one says that it is still under way. */
const WAIT_MS = 800;

interface RawOptions {
  readonly data: string;
  readonly phone: string;
  readonly to: string;
  readonly json?: true;
}

export function addMove(program: Command, finish: (code: ExitCode) => void): void {
  program
    .command('move')
    .description("move a user's home to another datacentre of the running cluster")
    .option('--data <folder>', 'where the datacentres keep their data', 'quincunx-data')
    .requiredOption('--phone <number>', 'whose home: international, calling code first')
    .requiredOption('--to <n>', 'the new home datacentre')
    .option('--json', 'one line of JSON on standard output in the end')
    .addHelpText('after', HELP)
    .action(async (options: RawOptions) => finish(await move(options)));
}

async function move(options: RawOptions): Promise<ExitCode> {
  const read = new OptionReader();
  const phone = options.phone.replace(/^\+/, '').replaceAll(/[ -]/g, '');
  if (!PHONE.test(phone)) {
    read.problems.push(`--phone ${options.phone}: use 7 to 15 digits, calling code first`);
  }
  const to = read.integer('--to', options.to, 1, Math.max(...dcIds(topology)));
  const dataFolder = resolve(options.data);
  if (!isFolder(dataFolder)) read.problems.push(`--data ${dataFolder}: is no folder`);
  read.check();
  const line = new ProgressLine(process.stderr, () => performance.now(), false);
  const interrupt = onInterrupt((text) => line.say(text));
  const waits = setTimeout(() => line.count('move', `${phone} waits for a calm moment`), WAIT_MS);
  try {
    const { signal } = interrupt;
    const reply = await askCluster(dataFolder, { ask: 'move', phone, to }, { signal });
    line.clear();
    if (!reply) {
      throw new InvalidInput([`--data ${dataFolder}: no cluster runs there; start quincunx serve`]);
    }
    if (reply.kind === 'failed') throw new InvalidInput([`the move failed: ${reply.why}`]);
    if (reply.kind !== 'move') throw new Error(`the cluster answered '${reply.kind}' to a move`);
    process.stdout.write(options.json ? `${JSON.stringify(reply.summary)}\n` : told(reply.summary));
    return EXIT.held;
  } catch (error) {
    line.clear();
    if (interrupt.signal.aborted || error instanceof Interrupted) return EXIT.interrupted;
    throw error;
  } finally {
    clearTimeout(waits);
    interrupt.release();
  }
}

function told({ userId, from, to, moved }: MoveSummary): string {
  const home = `DC ${to} (${siteOf(topology, to).name})`;
  if (!moved) return `User ${userId} is at home in ${home} already; nothing was changed.\n`;
  return `User ${userId} moves from DC ${from} (${siteOf(topology, from).name}) to ${home}.\n`;
}
