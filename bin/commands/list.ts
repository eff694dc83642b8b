/**
 * `quincunx list`: the scenarios that come with the package, with the verdict that each world is
 * expected to give, and the drills.
 */
import type { Command } from 'commander';
import { WORLD_NAMES } from '../../scenarios/define.ts';
import { drillNames, loadDrill } from '../../scenarios/drills/load.ts';
import { type DrillRow, listText, type ScenarioRow } from '../../scenarios/explain/list-text.ts';
import { libraryNames, loadScenario } from '../../scenarios/load.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';

/** Without a terminal there is no width to ask for. */
const WIDTH_DEFAULT = 100;
const EXAMPLES = `
Examples:
  quincunx list
  quincunx list --json
  quincunx explain dc-outage    what one of them does, before it runs
`;

export function addList(program: Command, finish: (code: ExitCode) => void): void {
  program
    .command('list')
    .description('the scenarios of the library with their expected verdicts, and the drills')
    .option('--json', 'as JSON on standard output')
    .addHelpText('after', EXAMPLES)
    .action(async ({ json }: { readonly json?: true }) => {
      const scenarios = await Promise.all(libraryNames().map(scenarioRow));
      const drills = await Promise.all(drillNames().map(drillRow));
      const plain = process.stdout.isTTY !== true || Boolean(process.env['NO_COLOR']);
      const width = process.stdout.columns ?? WIDTH_DEFAULT;
      process.stdout.write(
        json
          ? `${JSON.stringify({ scenarios, drills }, null, 2)}\n`
          : listText(scenarios, drills, { plain, width }),
      );
      finish(EXIT.held);
    });
}

async function scenarioRow(file: string): Promise<ScenarioRow> {
  const { name, title, teaches, expected, needs, window } = await loadScenario(file, '.');
  const worlds = WORLD_NAMES.map((world) => ({ world, expected: expected[world] }));
  return { name, title, teaches, seconds: window.seconds, needs, worlds };
}

async function drillRow(file: string): Promise<DrillRow> {
  const { name, title, teaches, seconds } = (await loadDrill(file, '.')).drill;
  return { name, title, teaches, seconds };
}
