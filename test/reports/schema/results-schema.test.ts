import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, expectTypeOf, test } from 'vitest';
import type { z } from 'zod';
import { readResults } from '../../../reports/read-results.ts';
import { renderJson } from '../../../reports/render/json.ts';
import type { ResultsDocument } from '../../../reports/results.ts';
import { type RESULTS, resultsSchema } from '../../../reports/schema/results-shape.ts';
import { scenario } from '../../../scenarios/define.ts';
import { loadScenario } from '../../../scenarios/load.ts';
import { runScenario } from '../../../scenarios/run.ts';
import { fixture, hostile, rich, undecided } from '../fixture.ts';

const ajv = new Ajv2020({ allErrors: true });
const open = ajv.compile(resultsSchema());
const closed = ajv.compile(resultsSchema(true));
/** As it is written and read back. */
const written = (results: ResultsDocument): unknown => JSON.parse(renderJson(results));
const problems = (check: typeof open, value: unknown): string[] =>
  check(value)
    ? []
    : check.errors!.map(({ instancePath, message }) => `${instancePath} ${message}`);

describe('the published schema', () => {
  test('is that of the code', () => {
    const file = new URL('../../../reports/schema/results.schema.json', import.meta.url);
    const how = 'node reports/schema/results-schema.generator.ts';
    expect(JSON.parse(readFileSync(file, 'utf8')), how).toEqual(resultsSchema());
    expect(resultsSchema()).toMatchObject({
      $schema: 'https://json-schema.org/draft/2020-12/schema',
    });
  });

  test.each([
    ['of three worlds', fixture],
    ['with a drill, hops and stations', rich],
    ['of a void run', undecided],
    ['with odd texts', hostile],
  ])('describes every part of results %s', (_name, make) => {
    expect(problems(open, written(make()))).toEqual([]);
    expect(problems(closed, written(make()))).toEqual([]);
    expect(readResults(written(make()))).toHaveProperty('results');
  });

  test('describes a real run, every part of it', async () => {
    const outage = await loadScenario('short-outage', process.cwd());
    const results = await runScenario(scenario({ ...outage }), {
      ...{ worlds: ['model'], fidelity: 'flow', seed: '1', workers: 1, toxiproxy: 'embedded' },
      ...{ scratch: '', version: '0.0.0', reproduce: 'quincunx run short-outage' },
      environment: { node: 'v24', platform: 'linux', cores: 2 },
      signal: new AbortController().signal,
      progress: () => undefined,
    });
    expect(problems(closed, written(results))).toEqual([]);
    expect(results.worlds['model']).toHaveProperty('latencyBudget');
    expect(results.worlds['model']!.timeline).toHaveProperty('heat');
  }, 60_000);

  test('lets a later version add, and refuses what is wrong', () => {
    const later = { ...(written(undecided()) as object), colour: 'blue' };
    expect(problems(open, later)).toEqual([]);
    expect(problems(closed, later)).toHaveLength(1);
    for (const change of [{ verdict: 'maybe' }, { schema: 2 }, { worlds: { live: {} } }]) {
      expect(problems(open, { ...later, ...change })).not.toEqual([]);
      expect(readResults({ ...later, ...change })).toHaveProperty('problems');
    }
  });
});

type Plain<T> = T extends object ? { -readonly [K in keyof T]: Plain<T[K]> } : T;

test('a document is of that shape by its type', () => {
  expectTypeOf<Plain<ResultsDocument>>().toExtend<z.input<typeof RESULTS>>();
});
