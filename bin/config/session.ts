/**
 * The settings of one call: reads the config file, gives the command its values before commander
 * reads the words, and answers `--show-config` instead of the command.
 */
import type { Command } from 'commander';
import { InvalidInput } from '../exit-codes.ts';
import { type Applied, applySettings, namedConfigFile } from './apply.ts';
import { findConfigFile } from './find-file.ts';

/** Thrown in place of the command's action: what was asked for has been printed. */
export class ConfigShown extends Error {
  override name = 'ConfigShown';
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * `words` as typed; `commands` are all names that a section of the file may have. Throws
 * `InvalidInput` with everything that is wrong in the file and in the environment.
 */
export async function settle(
  command: Command,
  words: readonly string[],
  commands: readonly string[],
  environment: Environment = process.env,
): Promise<Applied> {
  const problems: string[] = [];
  const named = namedConfigFile(command, words) ?? (environment['QUINCUNX_CONFIG'] || undefined);
  const path = named ?? findConfigFile(process.cwd(), problems);
  // Most calls have no file, and need nothing that reads one.
  const reader = path === undefined ? undefined : await import('./config-file.ts');
  const file = reader?.readConfigFile(path!, commands, problems);
  const applied = applySettings(command, file, environment, problems);
  if (problems.length > 0) throw new InvalidInput(problems);
  return applied;
}

/** Before a command's action: colours, where the options come from, and `--show-config`. */
export async function beforeAction(applied: Applied): Promise<void> {
  const { command, file } = applied;
  const options = command.opts<{ color?: boolean; quiet?: true; json?: true; showConfig?: true }>();
  if (options.color === false) process.env['NO_COLOR'] = '1';
  if (options.showConfig) {
    await show(applied, options.json === true);
    throw new ConfigShown();
  }
  if (file !== undefined && !options.quiet) process.stderr.write(`config: ${file}\n`);
}

/** Prints the options of a command as they would be used. */
export async function show(applied: Applied, json: boolean): Promise<void> {
  const { shownConfig, shownText } = await import('./show.ts');
  const config = shownConfig(applied, await ownWindow(applied.command));
  process.stdout.write(json ? `${JSON.stringify(config, null, 2)}\n` : shownText(config));
}

/** Of the scenario that the command was given. */
async function ownWindow(command: Command) {
  if (command.registeredArguments[0]?.name() !== 'scenario') return undefined;
  const nameOrPath: unknown = command.processedArgs[0];
  if (typeof nameOrPath !== 'string') return undefined;
  const { loadScenario } = await import('../../scenarios/load.ts');
  return (await loadScenario(nameOrPath, process.cwd())).window;
}
