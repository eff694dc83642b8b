/**
 * What can be typed after `quincunx`, as data: commander's own tree of commands and options, and
 * beside it the values that it does not know. The scripts of the shells are made from this.
 */
import type { Argument, Command, Option } from 'commander';
import { STATISTICS } from '../../reports/compare/comparison.ts';
import { WORLD_NAMES } from '../../scenarios/define.ts';
import { drillNames } from '../../scenarios/drills/load.ts';
import { FIDELITIES } from '../../scenarios/fidelity.ts';
import { libraryNames } from '../../scenarios/load.ts';
import { LIVE_LOADS } from '../../scenarios/run.ts';
import { PROFILE_NAMES } from '../../sim/capacity/profiles.ts';
import { SCHEMA_NAMES } from '../../sim/capacity/schemas.ts';
import { FORMATS as REPORT_FORMATS } from '../commands/report.ts';

/** What may stand in a place. */
export interface Values {
  readonly words: readonly string[];
  /** Names of files, of folders, or neither, beside the words. */
  readonly paths: 'files' | 'folders' | 'none';
  /** Several, with commas. */
  readonly list?: boolean;
}

export interface OptionNode {
  /** "--world"; every spelling. */
  readonly flags: readonly string[];
  readonly description: string;
  /** Absent where it takes none. */
  readonly values?: Values;
}

export interface CommandNode {
  readonly name: string;
  readonly description: string;
  readonly options: readonly OptionNode[];
  /** Of its arguments; empty where it takes none. */
  readonly values: Values;
}

const NONE: Values = { words: [], paths: 'none' };
const HELP: OptionNode = { flags: ['--help', '-h'], description: 'display help for command' };

/** Options that take one of these words, by their names; `command.option` where it is its own. */
const OPTION_WORDS: Readonly<Record<string, readonly string[]>> = {
  world: WORLD_NAMES,
  'drill.world': WORLD_NAMES.filter((name) => name !== 'model'),
  fidelity: FIDELITIES,
  load: LIVE_LOADS,
  toxiproxy: ['embedded', 'real'],
  statistic: STATISTICS,
  schema: SCHEMA_NAMES,
  'plan.format': ['text', 'json', 'yaml'],
  'report.format': REPORT_FORMATS,
};

/** Arguments that name something of ours, by their names. */
const ARGUMENT_WORDS: Readonly<Record<string, () => readonly string[]>> = {
  scenario: libraryNames,
  drill: drillNames,
  plan: () => PROFILE_NAMES,
};

/** Of the whole program, in the order of its help. */
export function commandTree(program: Command): CommandNode[] {
  const words = program.commands.map((command) => command.name());
  const nodes = program.commands.map((command) => ({
    name: command.name(),
    description: command.description(),
    options: [...command.options.map((option) => optionNode(command, option)), HELP],
    values: command.registeredArguments.map((one) => argumentValues(one, words)).reduce(both, NONE),
  }));
  const help = { name: 'help', description: 'display help for command', options: [] };
  return [...nodes, { ...help, values: { words, paths: 'none' } }];
}

function optionNode(command: Command, option: Option): OptionNode {
  const flags = [option.long, option.short].filter((flag) => flag !== undefined);
  const node = { flags, description: option.description };
  if (!option.required && !option.optional) return node;
  const name = option.name();
  const words = OPTION_WORDS[`${command.name()}.${name}`] ?? OPTION_WORDS[name];
  const list = option.parseArg !== undefined;
  return { ...node, values: { words: words ?? [], paths: pathsOf(option.flags), list } };
}

function argumentValues(argument: Argument, commands: readonly string[]): Values {
  if (argument.name() === 'command') return { words: commands, paths: 'none' };
  const known = argument.argChoices ?? ARGUMENT_WORDS[argument.name()]?.();
  if (known === undefined) return { words: [], paths: pathsOf(`<${argument.name()}>`) };
  // A name of the library, or a file of one's own.
  return { words: known, paths: argument.argChoices ? 'none' : 'files' };
}

/** By the placeholder, as in "--out <folder>". */
function pathsOf(flags: string): Values['paths'] {
  if (/[<[](folder)/.test(flags)) return 'folders';
  return /[<[](files?|path)\b/.test(flags) ? 'files' : 'none';
}

function both(a: Values, b: Values): Values {
  const paths = a.paths === 'none' ? b.paths : a.paths;
  return { words: [...a.words, ...b.words], paths };
}
