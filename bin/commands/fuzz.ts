/**
 * `quincunx fuzz`: seed after seed of the cluster world, each with faults of its own, until a
 * promise is broken or the seeds are used up.
 */
import type { Command } from 'commander';
import { fuzz } from '../../sim/cluster/fuzz.ts';
import fiveDatacentres from '../../system-under-test/five-datacentres.json' with { type: 'json' };
import { loadCrypto } from '../../system-under-test/mtproto/crypto.ts';
import type { Topology } from '../../system-under-test/topology.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { onInterrupt } from '../interrupt.ts';
import { OptionReader } from '../option-values.ts';

const EXAMPLES = `
Examples:
  quincunx fuzz --seeds 200
  quincunx fuzz --seed nightly --from 41 --seeds 1     one world again, as a failure tells it

Exit codes: 0 every promise held · 99 one was broken · 104 wrong options · 105 interrupted
`;

interface RawOptions {
  readonly seeds: string;
  readonly seed: string;
  readonly from: string;
  readonly keepGoing?: true;
  readonly json?: true;
}

const SEEDS_MAX = 1_000_000;

export function addFuzz(program: Command, finish: (code: ExitCode) => void): void {
  program
    .command('fuzz')
    .description('search for a seed under which the backend breaks a promise')
    .option('--seeds <n>', 'how many worlds to try', '100')
    .option('--seed <text>', 'names the series of worlds', 'quincunx')
    .option('--from <n>', 'number of the first world of the series', '0')
    .option('--keep-going', 'do not stop at the first failure')
    .option('--json', 'one JSON document on standard output')
    .addHelpText('after', EXAMPLES)
    .action(async (options: RawOptions) => finish(await run(options)));
}

async function run(options: RawOptions): Promise<ExitCode> {
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  const read = new OptionReader();
  const seeds = read.integer('--seeds', options.seeds, 1, SEEDS_MAX);
  const from = read.integer('--from', options.from, 0, 2 ** 31);
  const base = read.seed(options.seed);
  read.check();
  const interrupt = onInterrupt(say);
  const startedMs = performance.now();
  let saidMs = startedMs;
  try {
    const result = await fuzz({
      topology: fiveDatacentres as unknown as Topology,
      crypto: await loadCrypto(),
      base,
      from,
      seeds,
      stopAtFirst: !options.keepGoing,
      signal: interrupt.signal,
      onSeed: (done, failures) => {
        const nowMs = performance.now();
        if (nowMs - saidMs < 1_000 && done < seeds) return;
        saidMs = nowMs;
        const perSecond = (done / (nowMs - startedMs)) * 1_000;
        say(`${done} of ${seeds} seeds, ${perSecond.toFixed(1)} a second, ${failures} failed`);
      },
    });
    if (options.json) {
      process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
    } else {
      const fired = Object.entries(result.faultsFired).map(([kind, n]) => `${n} ${kind}`);
      process.stdout.write(
        `${result.seeds} seeds, ${result.messages} messages, ${result.events} events; faults fired: ${fired.join(', ') || 'none'}\ndigest ${result.digest}\n`,
      );
      for (const { seed, invariant, text, replay } of result.failures) {
        process.stdout.write(
          `\nBROKEN (${invariant}) by seed ${seed}: ${text}\n  replay: ${replay}\n`,
        );
      }
      if (result.failures.length === 0) process.stdout.write('every promise held\n');
    }
    return result.failures.length > 0 ? EXIT.broken : EXIT.held;
  } finally {
    interrupt.release();
  }
}
