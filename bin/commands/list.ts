/**
 * `quincunx list`: the scenarios that come with the package.
 */
import type { Command } from 'commander';
import { libraryNames, loadScenario } from '../../scenarios/load.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';

const EXAMPLES = `
Examples:
  quincunx list
  quincunx list --json
`;

export function addList(program: Command, finish: (code: ExitCode) => void): void {
  program
    .command('list')
    .description('the scenarios of the library')
    .option('--json', 'as JSON on standard output')
    .addHelpText('after', EXAMPLES)
    .action(async ({ json }: { readonly json?: true }) => {
      const names = libraryNames();
      const scenarios = await Promise.all(names.map((name) => loadScenario(name, '.')));
      if (json) {
        const rows = scenarios.map(({ name, title, teaches }) => ({ name, title, teaches }));
        process.stdout.write(`${JSON.stringify({ scenarios: rows }, null, 2)}\n`);
      } else {
        const width = Math.max(...names.map((name) => name.length));
        for (const { name, title } of scenarios) {
          process.stdout.write(`${name.padEnd(width)}  ${title}\n`);
        }
      }
      finish(EXIT.held);
    });
}
