/**
 * `quincunx explain`: what a scenario is about, its load and its faults drawn, its promises in
 * words, and what would be run; nothing runs.
 */
import type { Command } from 'commander';
import { explanationOf } from '../../scenarios/explain/explanation.ts';
import { explanationText } from '../../scenarios/explain/text.ts';
import { loadScenario } from '../../scenarios/load.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { OptionReader } from '../option-values.ts';
import { quoted } from '../print-results.ts';

/** Without a terminal there is no width to ask for. */
const WIDTH_DEFAULT = 100;
const EXAMPLES = `
Examples:
  quincunx explain dc-outage             before its first run
  quincunx explain ./my-outage.yaml      of your own: does it say what you meant?
  quincunx explain new-year --json       all of it as data, curves included

Exit codes: 0 explained, 104 invalid input, 107 the scenario threw.
`;

export function addExplain(program: Command, finish: (code: ExitCode) => void): void {
  program
    .command('explain')
    .description('say what a scenario does, draw its load and faults; nothing runs')
    .argument('<scenario>', 'name in the library (see quincunx list), or the path of a file')
    .option('--seed <text>', 'decides what chance decides in the load', '1')
    .option('--json', 'as JSON on standard output')
    .addHelpText('after', EXAMPLES)
    .action(async (named: string, options: { readonly seed: string; readonly json?: true }) => {
      const read = new OptionReader();
      const seed = read.seed(options.seed);
      read.check();
      const scenario = await loadScenario(named, process.cwd());
      const explained = explanationOf(scenario, quoted(named), seed);
      const plain = process.stdout.isTTY !== true || Boolean(process.env['NO_COLOR']);
      const width = process.stdout.columns ?? WIDTH_DEFAULT;
      process.stdout.write(
        options.json
          ? `${JSON.stringify(explained, null, 2)}\n`
          : explanationText(explained, { plain, width }),
      );
      finish(EXIT.held);
    });
}
