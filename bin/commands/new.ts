/**
 * `quincunx new`: writes a scenario (or drill) of one's own, commented, that runs at once. It never
 * writes over a file.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Command } from 'commander';
import { loadDrill } from '../../scenarios/drills/load.ts';
import { loadScenario } from '../../scenarios/load.ts';
import drillSchema from '../../scenarios/schemas/drill.schema.json' with { type: 'json' };
import scenarioSchema from '../../scenarios/schemas/scenario.schema.json' with { type: 'json' };
import type { TemplateKind } from '../../scenarios/templates/comments.ts';
import {
  type PlainFields,
  plainDrill,
  plainScenario,
} from '../../scenarios/templates/plain-scenario.ts';
import { writeTypescript } from '../../scenarios/templates/write-typescript.ts';
import { writeYaml } from '../../scenarios/templates/write-yaml.ts';
import { EXIT, type ExitCode, InvalidInput } from '../exit-codes.ts';
import { OptionReader } from '../option-values.ts';

/** What a new file is made of where nothing is named: small, with every part. */
const FROM_DEFAULT: Readonly<Record<TemplateKind, string>> = {
  scenario: 'short-outage',
  drill: 'dc-loss',
};
const SCHEMAS: Readonly<Record<TemplateKind, object>> = {
  scenario: scenarioSchema,
  drill: drillSchema,
};
const SCHEMA_KINDS = ['scenario', 'drill'] as const;
const EXAMPLES = `
Examples:
  quincunx new my-outage                    my-outage.yaml: half a minute with an outage
  quincunx new my-outage --ts               my-outage.ts, with types
  quincunx new big-night --from new-year    from any scenario of the library (quincunx list)
  quincunx new my-drill --drill             a drill: steady state, faults, abort conditions
  quincunx new --schema scenario            the JSON Schema of such files, for editors

The YAML file names its schema, so that an editor completes and underlines while you write.

Exit codes: 0 written, 104 invalid input (also: the file is there already).
`;

interface RawOptions {
  readonly from?: string;
  readonly yaml?: true;
  readonly ts?: true;
  readonly drill?: true;
  readonly schema?: string | true;
}

export function addNew(program: Command, finish: (code: ExitCode) => void): void {
  program
    .command('new')
    .description('write a scenario or drill of your own, commented, that runs at once')
    .argument('[name]', 'a-z, 0-9 and dashes; the file is NAME.yaml or NAME.ts, here')
    .option('--from <name>', 'scenario (or drill) of the library that it begins as')
    .option('--yaml', 'as YAML (this is what happens without it, too)')
    .option('--ts', 'as TypeScript')
    .option('--drill', 'a drill rather than a scenario')
    .option('--schema [which]', `print the JSON Schema of files: ${SCHEMA_KINDS.join(' or ')}`)
    .addHelpText('after', EXAMPLES)
    .action(async (name: string | undefined, options: RawOptions) => {
      finish(options.schema === undefined ? await write(name, options) : print(options));
    });
}

function print({ schema, drill }: RawOptions): ExitCode {
  const read = new OptionReader();
  const usual = drill ? 'drill' : 'scenario';
  const kind = read.oneOf('--schema', schema === true ? usual : String(schema), SCHEMA_KINDS);
  read.check();
  process.stdout.write(`${JSON.stringify(SCHEMAS[kind], null, 2)}\n`);
  return EXIT.held;
}

async function write(name: string | undefined, options: RawOptions): Promise<ExitCode> {
  const problems: string[] = [];
  const kind: TemplateKind = options.drill ? 'drill' : 'scenario';
  const isRight = name !== undefined && /^[a-z0-9][a-z0-9-]{0,63}$/.test(name);
  if (!isRight) {
    problems.push(`${name ?? '<name>'}: use a-z, 0-9 and dashes, at most 64, such as my-${kind}`);
  }
  if (options.yaml && options.ts) problems.push('--yaml and --ts: use one of them');
  const file = `${name}.${options.ts ? 'ts' : 'yaml'}`;
  if (isRight && existsSync(file)) problems.push(`${file}: is there already; use another name`);
  const from = options.from ?? FROM_DEFAULT[kind];
  if (!/^[a-z0-9-]+$/.test(from)) problems.push(`--from ${from}: use a name of quincunx list`);
  if (problems.length > 0) throw new InvalidInput(problems);
  const fields = await fieldsFrom(kind, from, name!);
  const run = kind === 'drill' ? `quincunx drill ./${file}` : `quincunx run ./${file}`;
  const next = kind === 'drill' ? `${run} --dry-run` : `quincunx explain ./${file}`;
  const header = [`Made from ${from} of the library. Look at it: ${next}`, `Run it:     ${run}`];
  const text = options.ts
    ? writeTypescript(kind, fields, header)
    : writeYaml(kind, fields, header, schemaPlace(kind));
  try {
    writeFileSync(file, text, { flag: 'wx' });
  } catch (error) {
    throw new InvalidInput([`${file}: cannot be written: ${(error as Error).message}`]);
  }
  process.stdout.write(`${file} is written. Now:\n  ${next}\n  ${run}\n`);
  return EXIT.held;
}

async function fieldsFrom(kind: TemplateKind, from: string, name: string): Promise<PlainFields> {
  if (kind === 'drill') return plainDrill((await loadDrill(from, process.cwd())).drill, name);
  return plainScenario(await loadScenario(from, process.cwd()), name);
}

/** Relative where the package lies in the person's own folder (node_modules), else a URL. */
function schemaPlace(kind: TemplateKind): string {
  const path = fileURLToPath(
    new URL(`../../scenarios/schemas/${kind}.schema.json`, import.meta.url),
  );
  const way = relative(process.cwd(), resolve(path));
  return way.startsWith('..') ? pathToFileURL(path).href : `./${way}`;
}
