/** The published JSON Schemas of what `quincunx plan` reads and writes. */
import { z } from 'zod';
import { PLAN_DOCUMENT } from './document.ts';
import { PLAN_FILE, PRICE_FILE } from './plan-schema.ts';

export const SCHEMA_NAMES = ['input', 'output', 'prices'] as const;
export type SchemaName = (typeof SCHEMA_NAMES)[number];

const SOURCES = { input: PLAN_FILE, output: PLAN_DOCUMENT, prices: PRICE_FILE } as const;

export function jsonSchema(name: SchemaName): object {
  return z.toJSONSchema(SOURCES[name], { target: 'draft-2020-12', reused: 'ref' });
}
