/**
 * Writes results.schema.json beside this from results-shape.ts; a test says when it is time:
 *
 *     node reports/schema/results-schema.generator.ts && npx biome format --write reports/schema
 */
import { writeFileSync } from 'node:fs';
import { resultsSchema } from './results-shape.ts';

const file = new URL('results.schema.json', import.meta.url);
writeFileSync(file, `${JSON.stringify(resultsSchema(), null, 2)}\n`);
