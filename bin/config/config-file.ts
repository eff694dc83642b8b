/**
 * The config file: what a person would otherwise type behind every command.
 *
 *     # quincunx.config.yaml
 *     seed: tonight                # of every command that has --seed
 *     run:
 *       world: [model, cluster]
 *       baseline: baseline.json
 *
 * Read as YAML, of which JSON is a part. Paths in it count from the working folder, as if typed.
 */
import { readFileSync, statSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { nearestName } from '../../sim/capacity/nearest-name.ts';
import { type ParsedYaml, parseYaml } from '../../sim/capacity/yaml-check.ts';
import { type Setting, SHARED_NAMES } from './setting.ts';

const BYTES_MAX = 1_000_000;

export type Value = string | boolean | readonly string[];

export interface FileValue {
  readonly value: Value;
  /** "quincunx.config.yaml:3:7". */
  readonly at: string;
}

export interface ConfigFile {
  /** As it was named, or found. */
  readonly path: string;
  /** What it says for a command, by the settings' names; adds what is wrong with that. */
  readonly valuesFor: (
    command: string,
    settings: readonly Setting[],
    problems: string[],
  ) => ReadonlyMap<string, FileValue>;
}

/** Undefined where it cannot be read; `commands` are the names that may head a section. */
export function readConfigFile(
  path: string,
  commands: readonly string[],
  problems: string[],
): ConfigFile | undefined {
  const name = relative(process.cwd(), resolve(path)) || path;
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat?.isFile() || stat.size > BYTES_MAX) {
    problems.push(`--config ${path}: there is no such file of at most ${BYTES_MAX} bytes`);
    return undefined;
  }
  const text = readFileSync(path, 'utf8');
  // One that says nothing yet: only comments.
  if (/^(\s*(#.*)?\n?)*$/.test(text)) return { path: name, valuesFor: () => new Map() };
  const parsed = parseYaml(text, name);
  if ('problems' in parsed) {
    problems.push(...parsed.problems);
    return undefined;
  }
  problems.push(...topLevelProblems(parsed, commands));
  return {
    path: name,
    valuesFor: (command, settings, found) => valuesFor(parsed, command, settings, found),
  };
}

type Table = Readonly<Record<string, unknown>>;
const isTable = (value: unknown): value is Table =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function topLevelProblems({ value, at }: ParsedYaml, commands: readonly string[]): string[] {
  const known = [...SHARED_NAMES, ...commands];
  return Object.entries(value as Table).flatMap(([key, content]) => {
    if (commands.includes(key)) {
      // "toxiproxy" is a command and an option.
      if (isTable(content) || content === null || SHARED_NAMES.includes(key)) return [];
      return [`${at([key])}: ${key}: is a command; give its options below it, one a line`];
    }
    return SHARED_NAMES.includes(key)
      ? []
      : [`${at([key])}: ${key}: is not known${didYouMean(key, known)}`];
  });
}

function didYouMean(key: string, known: readonly string[]): string {
  const near = nearestName(key, known);
  return near === undefined ? `; use ${known.join(', ')}` : `; did you mean ${near}?`;
}

function valuesFor(
  { value, at }: ParsedYaml,
  command: string,
  settings: readonly Setting[],
  problems: string[],
): Map<string, FileValue> {
  const whole = value as Table;
  const section = isTable(whole[command]) ? whole[command] : {};
  const known = settings.filter(({ scenarios }) => !scenarios).map(({ name }) => name);
  for (const key of Object.keys(section)) {
    if (settings.some(({ name }) => name === key)) continue;
    const place = at([command, key]);
    problems.push(`${place}: ${command}.${key}: is not known${didYouMean(key, known)}`);
  }
  const values = new Map<string, FileValue>();
  for (const setting of settings) {
    const { name, shared } = setting;
    const forAll = shared && name in whole && !isTable(whole[name]);
    const path = name in section ? [command, name] : forAll ? [name] : undefined;
    if (path === undefined) continue;
    const place = at(path);
    const read = readValue(path.length === 2 ? section[name] : whole[name], setting);
    if (setting.scenarios) {
      // Outside a section it may be meant for another command.
      if (path.length === 2) problems.push(`${place}: ${path.join('.')}: ${SCENARIOS_OWN}`);
    } else if ('problem' in read) problems.push(`${place}: ${path.join('.')}: ${read.problem}`);
    else values.set(name, { value: read.value, at: place });
  }
  return values;
}

const SCENARIOS_OWN =
  'a scenario says this itself and stands above this file; use the option or the environment';

function readValue(
  value: unknown,
  { kind }: Setting,
): { readonly value: Value } | { readonly problem: string } {
  const isText = (one: unknown): boolean =>
    (typeof one === 'string' && one !== '') || (typeof one === 'number' && Number.isFinite(one));
  if (kind === 'switch' || (kind === 'optional' && typeof value === 'boolean')) {
    return typeof value === 'boolean' ? { value } : { problem: 'use true or false' };
  }
  if (isText(value)) return { value: kind === 'list' ? [String(value)] : String(value) };
  if (kind !== 'list') return { problem: 'use a text or a number' };
  return Array.isArray(value) && value.length > 0 && value.every(isText)
    ? { value: value.map(String) }
    : { problem: 'use a text or a list of texts' };
}
