/** Planted bugs fit the code, in the source tree and in the built package where there is one. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { PLANTED, plantedNames } from '../../../../sim/cluster/planted/index.ts';
import {
  matchesOf,
  mutate,
  PlantError,
  type PlantedBug,
} from '../../../../sim/cluster/planted/planted-bug.ts';
import { ROOT } from '../../../setup/source-files.ts';

const BUG: PlantedBug = {
  name: 'example',
  file: 'example.ts',
  find: 'if (a > 0) return b;',
  replace: 'return $&;',
  says: 'An example of a bug for this test.',
};

describe('a mutation', () => {
  test('exchanges the one line, as it is written', () => {
    expect(mutate('x();\n  if (a > 0) return b;\ny();\n', BUG)).toBe('x();\n  return $&;\ny();\n');
  });

  test('sees through how the compiler breaks lines, and through nothing else', () => {
    expect(matchesOf('    if (a > 0)\n        return b;\n', BUG)).toHaveLength(1);
    for (const other of ['if (a > 0) return b; // why', '// if (a > 0) return b;', 'if (a>0)']) {
      expect(matchesOf(other, BUG)).toEqual([]);
    }
  });

  test('refuses a line that is not there, or there twice', () => {
    expect(() => mutate('x();', BUG)).toThrow(PlantError);
    expect(() => mutate(`${BUG.find}\n${BUG.find}`, BUG)).toThrow('stands 2 times in example.ts');
  });
});

describe('the planted bugs', () => {
  test('there are twenty or more, each with its own name and a sentence', () => {
    expect(PLANTED.length).toBeGreaterThanOrEqual(20);
    expect(new Set(plantedNames).size).toBe(PLANTED.length);
    for (const { name, says } of PLANTED) {
      expect(name).toMatch(/^[a-z]+(-[a-z]+)*$/);
      expect(says).toMatch(/^[A-Z].{20,}\.$/);
    }
  });

  test.each(PLANTED)('$name fits its line', (bug) => {
    const source = readFileSync(join(ROOT, bug.file), 'utf8');
    expect(matchesOf(source, bug), `'${bug.find}' in ${bug.file}`).toHaveLength(1);
    expect(mutate(source, bug)).not.toBe(source);
  });

  // The package test builds it anew; a dist that is older than the source says nothing.
  test('and the line of the built package', () => {
    const built = PLANTED.map((bug) => ({
      bug,
      path: join(ROOT, 'dist', bug.file.replace(/\.ts$/, '.js')),
    })).filter(({ path }) => existsSync(path));
    const wrong = built.filter(({ bug, path }) => {
      return matchesOf(readFileSync(path, 'utf8'), bug).length !== 1;
    });
    expect(wrong.map(({ bug }) => bug.name)).toEqual([]);
  });
});
