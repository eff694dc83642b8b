/**
 * The command line: reads it, calls a command, turns the outcome into an exit code. Results go to
 * standard output, everything else to standard error.
 */
import { Command, CommanderError } from 'commander';
import { ScenarioLoadError } from '../scenarios/load.ts';
import { addBackup } from './commands/backup.ts';
import { addCalibrate } from './commands/calibrate.ts';
import { addDoctor } from './commands/doctor.ts';
import { addFuzz } from './commands/fuzz.ts';
import { addList } from './commands/list.ts';
import { addMove } from './commands/move.ts';
import { addPlan } from './commands/plan.ts';
import { addRestore } from './commands/restore.ts';
import { addRun } from './commands/run.ts';
import { addServe } from './commands/serve.ts';
import { addToxiproxy } from './commands/toxiproxy.ts';
import { addTwin } from './commands/twin.ts';
import { EXIT, type ExitCode, InvalidInput } from './exit-codes.ts';
import { packageInfo } from './package-info.ts';

/** Commands that are planned; saying so helps more than "unknown command". */
const NOT_YET = ['compare', 'report', 'drill', 'lab', 'worker'];

const EXAMPLES = `
Examples:
  quincunx run dc-outage            lose a datacentre in all three worlds
  quincunx run --help               the options of a command
  quincunx doctor                   what is installed
`;

const say = (line: string): unknown => process.stderr.write(`${line}\n`);

async function main(words: readonly string[]): Promise<ExitCode> {
  let code: ExitCode = EXIT.held;
  const finish = (result: ExitCode): void => {
    code = result;
  };
  const program = new Command('quincunx')
    .description('Load testing and multi-datacentre simulation: one scenario through three worlds')
    .version(packageInfo().version)
    .exitOverride()
    .addHelpText('after', EXAMPLES);
  const operating = [addServe, addBackup, addRestore, addMove];
  const commands = [
    addRun,
    addCalibrate,
    addTwin,
    addPlan,
    addList,
    ...operating,
    addFuzz,
    addDoctor,
    addToxiproxy,
  ];
  for (const add of commands) add(program, finish);
  for (const command of program.commands) command.exitOverride();
  if (NOT_YET.includes(words[0] ?? '')) {
    throw new InvalidInput([
      `quincunx ${packageInfo().version} does not have the command '${words[0]}' yet; ` +
        `it has ${program.commands.map((command) => command.name()).join(', ')}`,
    ]);
  }
  await program.parseAsync(words, { from: 'user' });
  return code;
}

/** Says what went wrong, in the words a person needs, and gives the exit code. */
function explain(error: unknown): ExitCode {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.held : EXIT.invalid;
  if (error instanceof InvalidInput) {
    say(['Invalid input:', ...error.problems.map((problem) => `  - ${problem}`)].join('\n'));
    return EXIT.invalid;
  }
  if (error instanceof ScenarioLoadError) {
    say(error.message);
    return error.kind === 'threw' ? EXIT.scenarioThrew : EXIT.invalid;
  }
  say(`A fault of Quincunx: ${error instanceof Error ? (error.stack ?? error.message) : error}`);
  return EXIT.ourFault;
}

// A reader that has seen enough (`| head`) is no fault.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(EXIT.held);
  throw error;
});

process.exitCode = await main(process.argv.slice(2)).catch(explain);
