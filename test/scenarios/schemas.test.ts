/** The schemas that are published are those that the tables give. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { FAULT_KINDS } from '../../chaos/plan.ts';
import { fileSchema, SCHEMA_KINDS } from '../../scenarios/schemas.ts';
import { SHAPES } from '../../sim/traffic/shapes/index.ts';
import { ROOT } from '../setup/source-files.ts';

const rewrite = (kind: string): string =>
  `node -e "import('./scenarios/schemas.ts').then((m) => process.stdout.write(` +
  `JSON.stringify(m.fileSchema('${kind}'), null, 2)))" > scenarios/schemas/${kind}.schema.json`;

test.each(SCHEMA_KINDS)('the published schema of %s files is that of the code', (kind) => {
  const path = join(ROOT, 'scenarios/schemas', `${kind}.schema.json`);
  expect(JSON.parse(readFileSync(path, 'utf8')), rewrite(kind)).toEqual(fileSchema(kind));
});

test('every fault and every shape is in it', () => {
  const text = JSON.stringify(fileSchema('scenario'));
  for (const kind of [...FAULT_KINDS, ...Object.keys(SHAPES)]) expect(text).toContain(`"${kind}"`);
});
