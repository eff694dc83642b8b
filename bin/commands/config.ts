/**
 * `quincunx config`: what a command would use, and from where, without anything on the command
 * line; checks the whole config file while it is at it.
 */
import type { Command } from 'commander';
import { nearestName } from '../../sim/capacity/nearest-name.ts';
import { settle, show } from '../config/session.ts';
import { settingsOf, TAKEN } from '../config/setting.ts';
import { EXIT, type ExitCode, InvalidInput } from '../exit-codes.ts';

const DEFAULT_COMMAND = 'run';
const EXAMPLES = `
Examples:
  quincunx config                       every option of run, its value, and where it is from
  quincunx config drill --json          of another command, as JSON
  quincunx config --config ci.yaml      with this file
  quincunx run dc-outage --world model --show-config      with a command line and a scenario

Later ones count: default, config file, what the scenario says itself (from, for, scale, traffic),
environment, command line. The names are the same everywhere:

  # quincunx.config.yaml, in the working folder (or .yml, .json; or QUINCUNX_CONFIG; or --config)
  seed: tonight               # of every command that has --seed
  run:                        # of quincunx run
    world: [model, cluster]
    baseline: baseline.json

  QUINCUNX_SEED=7             of every command; QUINCUNX_RUN_SEED=7 of quincunx run only
  QUINCUNX_RUN_TOXIPROXY=real since QUINCUNX_TOXIPROXY names the program

Paths count from the working folder. What is not known is an error, with its line.
Exit codes: 0 it is right, 104 it is not.
`;

export function addConfig(program: Command, finish: (code: ExitCode) => void): void {
  program
    .command('config')
    .description('what the options of a command are, and where each comes from')
    .argument('[command]', 'which command', DEFAULT_COMMAND)
    .option('--json', 'as JSON on standard output')
    .addHelpText('after', EXAMPLES)
    .action(async (name: string, options: { json?: true; config?: string }) => {
      const commands = program.commands.filter((one) => one.name() !== 'config');
      const names = commands.map((one) => one.name());
      if (!names.includes(name)) {
        throw new InvalidInput([`config ${name}: is no command; use ${names.join(', ')}`]);
      }
      const words = options.config === undefined ? [] : ['--config', options.config];
      const problems: string[] = [];
      for (const command of commands) {
        try {
          const applied = await settle(command, words, [...names, 'config']);
          if (command.name() === name) await show(applied, options.json === true);
        } catch (error) {
          if (!(error instanceof InvalidInput)) throw error;
          problems.push(...error.problems);
        }
      }
      noteUnknown(commands);
      if (problems.length > 0) throw new InvalidInput([...new Set(problems)]);
      finish(EXIT.held);
    });
}

/** A variable that no option has may be a slip, or somebody else's: told, and no error. */
function noteUnknown(commands: readonly Command[]): void {
  const variables = commands.flatMap((one) => settingsOf(one).flatMap((two) => two.variables));
  const known = [...variables, ...TAKEN, 'QUINCUNX_CONFIG'];
  for (const name of Object.keys(process.env)) {
    if (!name.startsWith('QUINCUNX_') || known.includes(name)) continue;
    const near = nearestName(name, known);
    const hint = near === undefined ? '' : `; did you mean ${near}?`;
    process.stderr.write(`note: ${name} is set and means nothing${hint}\n`);
  }
}
