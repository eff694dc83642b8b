import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { INPUTS, SECTIONS } from '../../../sim/capacity/inputs.ts';
import { PLAN_FILE } from '../../../sim/capacity/plan-schema.ts';
import type { Field } from '../../../sim/capacity/quantity.ts';
import { jsonSchema, SCHEMA_NAMES } from '../../../sim/capacity/schemas.ts';
import { ROOT } from '../../setup/source-files.ts';
import { planFrom, profileSource } from './planning.ts';

test.each(SCHEMA_NAMES)('the published schema of %s is that of the code', (name) => {
  const path = join('sim/capacity/schemas', `plan-${name}.schema.json`);
  const published = JSON.parse(readFileSync(join(ROOT, path), 'utf8'));
  expect(published, `quincunx plan --schema ${name} > ${path}`).toEqual(jsonSchema(name));
});

interface Node {
  readonly $ref?: string;
  readonly description?: string;
  readonly additionalProperties?: boolean;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly anyOf?: readonly Node[];
  readonly minimum?: number;
  readonly maximum?: number;
}

test('every input is in it, with its limits, its unit, and no room for other keys', () => {
  const schema = jsonSchema('input') as Node & { readonly $defs: Readonly<Record<string, Node>> };
  const resolved = (node: Node): Node =>
    node.$ref ? resolved(schema.$defs[node.$ref.replace('#/$defs/', '')]!) : node;
  expect(schema.additionalProperties).toBe(false);
  for (const section of SECTIONS) {
    const { additionalProperties, properties } = resolved(schema.properties![section]!);
    expect(additionalProperties).toBe(false);
    expect(Object.keys(properties!)).toEqual(Object.keys(INPUTS[section]));
    for (const [name, { unit, about, min, max }] of Object.entries<Field>(INPUTS[section])) {
      expect(properties![name]!.description).toBe(`${about} (${unit})`);
      const [plain] = resolved(properties![name]!).anyOf!;
      expect(resolved(plain!)).toMatchObject({ minimum: min, maximum: max });
    }
  }
});

test('the published schemas check what they describe', () => {
  const output = z.fromJSONSchema(jsonSchema('output') as z.core.JSONSchema.JSONSchema);
  const plan = planFrom(profileSource('a-800m'));
  expect(output.safeParse(plan).success).toBe(true);
  expect(output.safeParse({ ...plan, verdict: 'maybe' }).success).toBe(false);
  const input = z.fromJSONSchema(jsonSchema('input') as z.core.JSONSchema.JSONSchema);
  for (const file of [{ traffic: { mediaShare: 0.2 } }, { traffic: { mediaShar: 0.2 } }]) {
    expect(input.safeParse(file).success).toBe(PLAN_FILE.safeParse(file).success);
  }
});
