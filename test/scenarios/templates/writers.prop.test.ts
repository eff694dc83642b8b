/** Whatever is written into a new file is read back as it was, in both languages. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { writeTypescript } from '../../../scenarios/templates/write-typescript.ts';
import { writeYaml } from '../../../scenarios/templates/write-yaml.ts';

const scalar = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.constantFrom("it's", 'a: b', '# no comment', '17:00', 'count==0', '- x', '\\', "\\'", 'yes'),
  fc.integer({ min: -1e12, max: 1e12 }),
  fc.constantFrom(800e6, 55e9, 0.33, 1_500_000, -2e9),
  fc.boolean(),
);
const key = fc.oneof(
  fc.constantFrom('name', 'traffic', 'slos', 'delivery_latency{path:same_dc}', "it's"),
  fc.stringMatching(/^[a-z][a-zA-Z]{0,8}$/),
);
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    scalar,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(key, tie('value'), { maxKeys: 4, noNullPrototype: true }),
  ),
}));
const fields = fc.dictionary(fc.constantFrom('name', 'title', 'slos', 'faults', 'window'), value, {
  noNullPrototype: true,
});

test('as YAML', () => {
  fc.assert(
    fc.property(fields, (given) => {
      const text = writeYaml('scenario', given, ['made for a test'], './schema.json');
      expect(text.split('\n')[0]).toBe('# yaml-language-server: $schema=./schema.json');
      expect(parse(text) ?? {}).toEqual(given);
    }),
    { numRuns: 200 },
  );
});

test('as TypeScript', async () => {
  await fc.assert(
    fc.asyncProperty(fields, async (given) => {
      const text = writeTypescript('drill', given, ['made for a test']);
      const url = `data:text/javascript;base64,${Buffer.from(text).toString('base64')}`;
      const module = (await import(/* @vite-ignore */ url)) as { readonly default: unknown };
      expect(module.default).toEqual(given);
    }),
    { numRuns: 100 },
  );
});
