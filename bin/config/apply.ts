/**
 * Where the value of an option comes from, in k6's order: its default, the config file, what the
 * scenario says itself, the environment, the command line. The later one counts.
 */
import type { Command, Option } from 'commander';
import type { ConfigFile, Value } from './config-file.ts';
import { environmentValue } from './environment.ts';
import { isOwnConfig, type Setting, settingsOf } from './setting.ts';

/** Where values came from, for a command. */
export interface Applied {
  readonly command: Command;
  readonly settings: readonly Setting[];
  /** By the settings' names: "quincunx.config.yaml:3:7" or "QUINCUNX_SEED". */
  readonly origins: ReadonlyMap<string, string>;
  /** Of the file, if it said anything for this command. */
  readonly file: string | undefined;
}

const GROUP = 'Common options:';

/** Adds the options that every command has. */
export function addCommonOptions(command: Command): void {
  const common: [string, string][] = [
    ['--config <file>', 'options from it; default: quincunx.config.{yaml,yml,json} here'],
    ['--show-config', 'print each option with its value and where that is from; run nothing'],
    ['--no-color', 'no colours (also: NO_COLOR=1)'],
  ];
  for (const [flags, description] of common) {
    const option = command.createOption(flags, description).helpGroup(GROUP);
    // The config file of `toxiproxy` is another one, and has that name in the real one, too.
    if (!command.options.some((own) => own.long === option.long)) command.addOption(option);
  }
}

/** The config file that was named behind a command, before commander reads the words. */
export function namedConfigFile(command: Command, words: readonly string[]): string | undefined {
  if (command.options.some(isOwnConfig)) return undefined;
  const end = words.indexOf('--');
  const before = end === -1 ? words : words.slice(0, end);
  const glued = before.findLast((word) => word.startsWith('--config='));
  if (glued !== undefined) return glued.slice('--config='.length);
  const index = before.lastIndexOf('--config');
  return index === -1 ? undefined : before[index + 1];
}

/** Gives the command the values of file and environment, which the command line then overrides. */
export function applySettings(
  command: Command,
  file: ConfigFile | undefined,
  environment: Readonly<Record<string, string | undefined>>,
  problems: string[],
): Applied {
  const settings = settingsOf(command);
  const origins = new Map<string, string>();
  const fromFile = file?.valuesFor(command.name(), settings, problems);
  for (const setting of settings) {
    const attribute = setting.option.attributeName();
    const initial: unknown = command.getOptionValue(attribute);
    const inFile = fromFile?.get(setting.name);
    const inEnvironment = environmentValue(setting, environment, problems);
    const given = inEnvironment ?? inFile;
    const parse = startOver(setting, initial);
    if (given === undefined) continue;
    origins.set(setting.name, given.at);
    const source = inEnvironment === undefined ? 'config' : 'env';
    const value = given.value === false && !isSwitchedOn(setting) ? undefined : given.value;
    command.setOptionValueWithSource(attribute, parsed(value, parse, initial), source);
  }
  return { command, settings, origins, file: fromFile?.size ? file?.path : undefined };
}

type Parse = NonNullable<Option['parseArg']>;

/**
 * A list on the command line replaces the one from before instead of adding to it. Gives back how
 * its texts are read, if it is a list.
 */
function startOver({ option }: Setting, initial: unknown): Parse | undefined {
  const own = option.parseArg?.bind(option);
  if (own === undefined) return undefined;
  let first = true;
  option.parseArg = (text, previous) => {
    const before = first ? (initial as typeof previous) : previous;
    first = false;
    return own(text, before);
  };
  return own;
}

/** Such as "--no-latency": true unless it is said. */
const isSwitchedOn = ({ option }: Setting): boolean => option.negate === true;

function parsed(value: Value | undefined, parse: Parse | undefined, initial: unknown): unknown {
  if (parse === undefined || value === undefined) return value;
  const list = typeof value === 'object' ? value : [String(value)];
  return list.reduce<unknown>((before, text) => parse(text, before), initial);
}

/** A problem that begins with an option, with where its value is from if it was not typed. */
export function withOrigin(problem: string, applied: Applied | undefined): string {
  const name = /^--(?:no-)?([a-z0-9-]+)/.exec(problem)?.[1];
  const setting = applied?.settings.find((one) => one.name === name);
  if (!applied || !setting) return problem;
  const source = applied.command.getOptionValueSource(setting.option.attributeName());
  const origin = applied.origins.get(setting.name);
  return origin && (source === 'config' || source === 'env')
    ? `${problem} (from ${origin})`
    : problem;
}
