/**
 * `quincunx plan`: how many servers, where, for how much; what breaks first; how sure that is.
 * Reads the files that it is given, calls sim/capacity, and prints.
 */
import { existsSync, readFileSync, statSync } from 'node:fs';
import type { Command } from 'commander';
import { stringify } from 'yaml';
import { METRICS } from '../../reports/metrics.ts';
import { parseThreshold } from '../../reports/threshold.ts';
import { comparePlans } from '../../sim/capacity/compare.ts';
import { PLAN_DOCUMENT, type PlanDocument } from '../../sim/capacity/document.ts';
import { inputsYaml } from '../../sim/capacity/inputs-yaml.ts';
import { makePlan } from '../../sim/capacity/plan.ts';
import { type NamedText, type PlanSource, readPlan } from '../../sim/capacity/plan-file.ts';
import { type Planet, planetOf } from '../../sim/capacity/planet.ts';
import {
  DEFAULT_PROFILE,
  PROFILE_NAMES,
  PROFILES,
  profileNamed,
} from '../../sim/capacity/profiles.ts';
import { jsonSchema, SCHEMA_NAMES } from '../../sim/capacity/schemas.ts';
import type { TargetSlo } from '../../sim/capacity/solver.ts';
import { TEXT_LENGTH_MAX } from '../../sim/capacity/yaml-check.ts';
import fiveDatacentres from '../../system-under-test/five-datacentres.json' with { type: 'json' };
import { dcIds, type Topology } from '../../system-under-test/topology.ts';
import { EXIT, type ExitCode, exitCodeOf } from '../exit-codes.ts';
import { OptionReader } from '../option-values.ts';
import { packageInfo } from '../package-info.ts';
import { comparisonText, type PlanTextOptions, planText } from '../plan-text.ts';

const profileList = PROFILE_NAMES.map((name) => {
  const { aliases, title } = PROFILES[name];
  return `  ${name.padEnd(12)} ${title}; also ${aliases.join(', ')}`;
}).join('\n');

const HELP = `
Profiles:
${profileList}

Examples:
  quincunx plan                                  source A: 800M users, any one datacentre lost
  quincunx plan a-800m --brief                   only the answers
  quincunx plan --survive 2 --samples 1000       any two lost; how sure
  quincunx plan --target-slo 'p(99)<60ms'        the smallest fleet that keeps it
  quincunx plan --set traffic.mediaShare=0.1     what if
  quincunx plan a-800m --inputs > my-plan.yaml   a file to edit
  quincunx plan my-plan.yaml --prices ours.yaml
  quincunx plan --compare a-800m my-plan.yaml    side by side; saved --json documents, too
  quincunx plan --schema                         JSON Schema of plan files (or output, prices)

A plan file says what differs from the profile it extends; with a "fleet" it is judged, not sized.
Exit code 99 where the fleet does not bear what it must, or no fleet can.
`;

const SAMPLES_MAX = 20_000;
const WIDTH_PIPED = 100;
const topology = fiveDatacentres as unknown as Topology;

interface RawOptions {
  readonly format?: string;
  readonly json?: true;
  readonly brief?: true;
  readonly inputs?: true;
  readonly schema?: string | true;
  readonly compare?: true;
  readonly prices?: string;
  readonly calibration?: string;
  readonly targetSlo?: string;
  readonly survive?: string;
  readonly samples: string;
  readonly seed: string;
  readonly set: readonly string[];
}

export function addPlan(program: Command, finish: (code: ExitCode) => void): void {
  program
    .command('plan')
    .description('capacity: servers, links, disks and cost; what breaks first; how sure')
    .argument('[plan...]', `profile or YAML/JSON file; default ${DEFAULT_PROFILE}`)
    .option('--survive <n>', 'datacentres lost at once that the fleet must bear: 0, 1 or 2')
    .option('--target-slo <slo>', 'solve for the smallest fleet: p(99)<100ms, cross_dc:p(99)<250ms')
    .option('--set <input=value>', 'another value, or LOW..MODE..HIGH; repeatable', collect, [])
    .option('--prices <file>', 'price file instead of the default list prices')
    .option('--calibration <file>', 'measured service times, from quincunx calibrate')
    .option('--samples <n>', 'Monte Carlo draws over all intervals', '0')
    .option('--seed <text>', 'seed of the draws', '1')
    .option('--compare', 'two plans side by side')
    .option('--inputs', 'print all inputs with their origins, as a plan file')
    .option('--schema [which]', `print a JSON Schema: ${SCHEMA_NAMES.join(', ')}`)
    .option('--brief', 'only the answers')
    .option('--format <format>', 'text, json or yaml')
    .option('--json', 'one JSON document on standard output; the same as --format json')
    .addHelpText('after', HELP)
    .action((words: readonly string[], options: RawOptions) => {
      finish(run(words, options));
    });
}

const collect = (value: string, before: readonly string[]): string[] => [...before, value];

function run(words: readonly string[], options: RawOptions): ExitCode {
  const reader = new OptionReader();
  const format = options.json
    ? 'json'
    : reader.oneOf('--format', options.format ?? 'text', ['text', 'json', 'yaml']);
  if (options.schema !== undefined) {
    const which = options.schema === true ? 'input' : options.schema;
    const name = reader.oneOf('--schema', which, SCHEMA_NAMES);
    reader.check();
    print(jsonSchema(name), 'json');
    return EXIT.held;
  }
  const wanted = options.compare ? 2 : 1;
  if (words.length > wanted || (options.compare && words.length < 2)) {
    const what = options.compare ? '--compare: name two plans' : 'name one profile or file';
    reader.problems.push(`${what}; these are ${words.length}`);
    reader.check();
  }
  const asked = askedFor(options, reader);
  if (options.compare) {
    const plans = words.map((word) => planOf(word, options, asked, reader));
    reader.check();
    const comparison = comparePlans(plans[0]!, plans[1]!);
    if (format === 'text') write(comparisonText(comparison, textOptions(options)));
    else print(comparison, format);
    return EXIT.held;
  }
  const word = words[0] ?? DEFAULT_PROFILE;
  if (options.inputs) {
    const source = sourceOf(word, options, reader, asked.survive);
    reader.check();
    write(inputsYaml(source!));
    return EXIT.held;
  }
  const plan = planOf(word, options, asked, reader);
  reader.check();
  if (format === 'text') write(planText(plan, textOptions(options)));
  else print(plan, format);
  return exitCodeOf(plan.verdict);
}

interface Asked {
  readonly target?: TargetSlo;
  readonly survive?: 0 | 1 | 2;
  readonly samples: number;
  readonly seed: string;
}

function askedFor(options: RawOptions, reader: OptionReader): Asked {
  const samples = reader.integer('--samples', options.samples, 0, SAMPLES_MAX);
  const seed = reader.seed(options.seed);
  const survive =
    options.survive === undefined
      ? undefined
      : (reader.integer('--survive', options.survive, 0, 2) as 0 | 1 | 2);
  const target = options.targetSlo === undefined ? undefined : targetOf(options.targetSlo, reader);
  return {
    ...{ samples, seed },
    ...(survive !== undefined && { survive }),
    ...(target && { target }),
  };
}

const TARGET = /^\s*(?:(?:delivery_latency\{path:)?(same_dc|cross_dc)\}?\s*[:\s]\s*)?(p.*)$/s;
const TARGET_RIGHT =
  'use p(50) to p(99.99) below a time, such as p(99)<100ms or cross_dc:p(99)<250ms';

function targetOf(text: string, reader: OptionReader): TargetSlo | undefined {
  const match = TARGET.exec(text);
  const parsed = match && parseThreshold(match[2]!, METRICS.delivery_latency);
  if (!parsed || 'problem' in parsed) {
    const what = parsed ? `${parsed.problem}; ` : '';
    reader.problems.push(`--target-slo ${text}: ${what}${TARGET_RIGHT}`);
    return undefined;
  }
  const { percentile = 0, operator, limit } = parsed.threshold;
  const isRight = percentile >= 50 && percentile <= 99.99 && operator.startsWith('<') && limit > 0;
  if (!isRight) {
    reader.problems.push(`--target-slo ${text}: ${TARGET_RIGHT}`);
    return undefined;
  }
  const path = (match[1] ?? 'same_dc') as TargetSlo['path'];
  return { path, quantile: percentile / 100, limitMs: limit };
}

/** The document of a profile, of a plan file, or one that was saved. */
function planOf(
  word: string,
  options: RawOptions,
  asked: Asked,
  reader: OptionReader,
): PlanDocument {
  const saved = savedDocument(word);
  if (saved) return saved;
  const source = sourceOf(word, options, reader, asked.survive);
  reader.check();
  return makePlan({
    ...source!,
    ...{
      planet: thePlanet(),
      samples: asked.samples,
      seed: asked.seed,
      version: packageInfo().version,
    },
    ...(asked.target && { target: asked.target }),
    reproduce: commandLine(word, options),
  });
}

function sourceOf(
  word: string,
  options: RawOptions,
  reader: OptionReader,
  survive: 0 | 1 | 2 | undefined,
): PlanSource | undefined {
  const profile = profileNamed(word);
  const plan = profile ? undefined : textOf(word, reader, '');
  const prices = options.prices ? textOf(options.prices, reader, '--prices ') : undefined;
  const calibration = options.calibration
    ? textOf(options.calibration, reader, '--calibration ')
    : undefined;
  const source = readPlan({
    ...(profile && { profile }),
    ...(plan && { plan }),
    ...(prices && { prices }),
    ...(calibration && { calibration }),
    ...(survive !== undefined && { survive }),
    ...{ set: options.set, dcIds: dcIds(topology) },
  });
  if (!('problems' in source)) return source;
  reader.problems.push(...source.problems);
  return undefined;
}

function textOf(file: string, reader: OptionReader, option: string): NamedText | undefined {
  if (!existsSync(file)) {
    const also = option === '' ? `, and no profile; profiles are ${PROFILE_NAMES.join(', ')}` : '';
    reader.problems.push(`${option}${file}: there is no such file${also}`);
    return undefined;
  }
  const { size } = statSync(file);
  if (!statSync(file).isFile() || size > TEXT_LENGTH_MAX) {
    reader.problems.push(`${option}${file}: is no file of at most ${TEXT_LENGTH_MAX} bytes`);
    return undefined;
  }
  return { file, text: readFileSync(file, 'utf8') };
}

/** A plan that was saved with --json. */
function savedDocument(word: string): PlanDocument | undefined {
  if (!word.endsWith('.json') || !existsSync(word) || statSync(word).size > TEXT_LENGTH_MAX) {
    return undefined;
  }
  try {
    const parsed = PLAN_DOCUMENT.safeParse(JSON.parse(readFileSync(word, 'utf8')));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined; // no JSON: its problems are told with line and column as a plan file
  }
}

let planet: Planet | undefined;
/** Made once: two plans that are compared share it. */
function thePlanet(): Planet {
  planet ??= planetOf(topology);
  return planet;
}

const quoted = (word: string): string => (/^[\w./=:@%+-]+$/.test(word) ? word : `'${word}'`);

function commandLine(word: string, options: RawOptions): string {
  const parts = ['quincunx plan', quoted(word)];
  const add = (name: string, value: string | undefined): void => {
    if (value !== undefined) parts.push(`${name} ${quoted(value)}`);
  };
  add('--survive', options.survive);
  add('--target-slo', options.targetSlo);
  for (const assignment of options.set) add('--set', assignment);
  add('--prices', options.prices);
  add('--calibration', options.calibration);
  if (options.samples !== '0') {
    add('--samples', options.samples);
    add('--seed', options.seed);
  }
  return parts.join(' ');
}

function textOptions(options: RawOptions): PlanTextOptions {
  const { isTTY, columns } = process.stdout;
  const plain = !isTTY || process.env['NO_COLOR'] !== undefined;
  return { plain, width: columns ?? WIDTH_PIPED, brief: options.brief === true };
}

function print(document: object, format: 'json' | 'yaml'): void {
  write(
    format === 'json'
      ? `${JSON.stringify(document, null, 2)}\n`
      : stringify(document, { lineWidth: 100 }),
  );
}

const write = (text: string): unknown => process.stdout.write(text);
