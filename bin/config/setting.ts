/**
 * The options of a command as settings: what each is called in a config file and in the
 * environment. Everything comes from commander's own options, so the names are the same everywhere:
 * `--toxiproxy real` is `toxiproxy: real` under `run:`, and QUINCUNX_RUN_TOXIPROXY=real.
 */
import type { Command, Option } from 'commander';

export interface Setting {
  readonly option: Option;
  /** "traffic-column". Of an option "--no-latency": "latency", which is true unless said. */
  readonly name: string;
  /** switch: true or false. list: several. optional: true, false or a text. */
  readonly kind: 'switch' | 'text' | 'list' | 'optional';
  /** Means the same for every command that has it: also outside a command's section. */
  readonly shared: boolean;
  /** A scenario says this itself, and stands above a config file. */
  readonly scenarios: boolean;
  /** In the environment; the first that is set counts. */
  readonly variables: readonly string[];
}

/** Options that mean the same wherever they are spelled like this. */
const SHARED: ReadonlySet<string> = new Set([
  ...['world <name>', 'seed <text>', 'workers <n>', 'scale <1:N>', 'fidelity <which>'],
  ...['from <HH:MM>', 'for <duration>', 'load <which>', 'toxiproxy <which>', 'out <folder>'],
  ...['data <folder>', 'calibration <file>', 'baseline <file>', 'budget <share>'],
  ...['quiet', 'json', 'color'],
]);
export const SHARED_NAMES: readonly string[] = [...SHARED].map((text) => text.split(' ')[0]!);

/** Of a command that runs a scenario. */
const SCENARIOS_OWN = ['from', 'for', 'scale', 'traffic', 'traffic-column'];

/** Variables that have another meaning: programs' paths, and what a k6 script reads. */
export const TAKEN: ReadonlySet<string> = new Set([
  ...['QUINCUNX_TOXIPROXY', 'QUINCUNX_TOXIPROXY_CLI', 'QUINCUNX_K6'],
  ...['QUINCUNX_DATA', 'QUINCUNX_RUN', 'QUINCUNX_PLAN', 'QUINCUNX_SUMMARY', 'QUINCUNX_START_MS'],
]);

/** Options about the settings themselves. */
const NOT_SETTINGS = ['config', 'show-config', 'help'];

/** In the order of the help. */
export function settingsOf(command: Command): Setting[] {
  const ofScenario = command.registeredArguments[0]?.name() === 'scenario';
  const known = command.options.filter(
    (option) => !NOT_SETTINGS.includes(option.name()) || isOwnConfig(option),
  );
  return known.map((option) => {
    const name = option.name().replace(/^no-/, '');
    const shared = SHARED.has(option.negate ? name : spelled(option));
    return {
      ...{ option, name, shared, kind: kindOf(option) },
      scenarios: ofScenario && SCENARIOS_OWN.includes(name),
      variables: variablesOf(command.name(), name, shared),
    };
  });
}

/** A command's option that only shares its name with ours, such as that of `toxiproxy`. */
export function isOwnConfig(option: Option): boolean {
  return option.name() === 'config' && option.helpGroupHeading === undefined;
}

function spelled(option: Option): string {
  return option.flags.slice(option.flags.lastIndexOf('--') + 2);
}

function kindOf(option: Option): Setting['kind'] {
  if (option.optional) return 'optional';
  if (!option.required) return 'switch';
  return option.parseArg === undefined ? 'text' : 'list';
}

/** The command's own before that of all commands. */
function variablesOf(command: string, name: string, shared: boolean): string[] {
  const upper = (text: string): string => text.toUpperCase().replaceAll('-', '_');
  const own = `QUINCUNX_${upper(command)}_${upper(name)}`;
  const general = `QUINCUNX_${upper(name)}`;
  return [own, ...(shared && !TAKEN.has(general) ? [general] : [])];
}
