/**
 * The command line: reads it, calls a command, turns the outcome into an exit code. Results go to
 * standard output, everything else to standard error.
 */
import { Command, CommanderError } from 'commander';
import type { ScenarioError } from '../scenarios/define.ts';
import type { ScenarioLoadError } from '../scenarios/load.ts';
import { COMMANDS, NEEDS_ALL } from './command-table.ts';
import { type Applied, addCommonOptions, withOrigin } from './config/apply.ts';
import { beforeAction, ConfigShown, settle } from './config/session.ts';
import { EXIT, type ExitCode, InvalidInput } from './exit-codes.ts';
import { packageInfo } from './package-info.ts';

/** Commands that are planned; saying so helps more than "unknown command". */
const NOT_YET = ['lab', 'worker'];

const EXAMPLES = `
Examples:
  quincunx run dc-outage            lose a datacentre in all three worlds
  quincunx drill dc-loss --dry-run  what a drill would do and touch
  quincunx run --help               the options of a command
  quincunx doctor                   what is installed
`;

/** Of the command that was named, once they are known: problems say where a value came from. */
let applied: Applied | undefined;

/** A config file that is not right must not keep anybody from reading how it would be. */
function isAskingForHelp(words: readonly string[]): boolean {
  return words.includes('--help') || words.includes('-h');
}

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
  const named = NEEDS_ALL.includes(words[0] ?? '') ? undefined : COMMANDS[words[0] ?? ''];
  for (const load of named ? [named] : Object.values(COMMANDS)) (await load())(program, finish);
  for (const command of program.commands) {
    command.exitOverride();
    addCommonOptions(command);
  }
  if (NOT_YET.includes(words[0] ?? '')) {
    throw new InvalidInput([
      `quincunx ${packageInfo().version} does not have the command '${words[0]}' yet; ` +
        `it has ${program.commands.map((command) => command.name()).join(', ')}`,
    ]);
  }
  const command = program.commands.find((one) => one.name() === words[0]);
  if (command && words[0] !== 'config' && !isAskingForHelp(words)) {
    const settled = await settle(command, words.slice(1), Object.keys(COMMANDS));
    applied = settled;
    command.hook('preAction', () => beforeAction(settled));
  }
  await program.parseAsync(words, { from: 'user' });
  return code;
}

/** What is wrong with a scenario and shows only where a world takes it up. */
function scenarioErrorIn(error: unknown): ScenarioError | undefined {
  const isOne = error instanceof Error && error.name === 'ScenarioError';
  return isOne ? (error as ScenarioError) : undefined;
}

/** Without its class, which would have to be loaded for every command. */
function isScenarioLoadError(error: unknown): error is ScenarioLoadError {
  return error instanceof Error && error.name === 'ScenarioLoadError';
}

/** Says what went wrong, in the words a person needs, and gives the exit code. */
function explain(error: unknown): ExitCode {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.held : EXIT.invalid;
  if (error instanceof ConfigShown) return EXIT.held;
  if (error instanceof InvalidInput) {
    const problems = error.problems.map((problem) => `  - ${withOrigin(problem, applied)}`);
    say(['Invalid input:', ...problems].join('\n'));
    return EXIT.invalid;
  }
  if (isScenarioLoadError(error)) {
    if (error.kind === 'threw') {
      say(error.message);
      return EXIT.scenarioThrew;
    }
    const problems = error.problems.map((problem) => `  - ${error.about}: ${problem}`);
    say(['Invalid input:', ...problems].join('\n'));
    return EXIT.invalid;
  }
  const beyond = scenarioErrorIn(error);
  if (beyond) {
    say(['Invalid input:', ...beyond.problems.map((problem) => `  - ${problem}`)].join('\n'));
    return EXIT.invalid;
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
