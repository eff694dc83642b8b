/** The table of methods, and that what ARCHITECTURE.md says of them is true. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { METHODS } from '../../../system-under-test/services/table.ts';

const WORDS = { replica: 'from the copy', queued: 'queued', refused: 'refused' } as const;

test('ARCHITECTURE.md shows what is done while a home is out of reach', () => {
  const text = readFileSync(new URL('../../../ARCHITECTURE.md', import.meta.url), 'utf8');
  const rows = text.split('\n').filter((line) => /^\| `\w+\.\w+` \|/.test(line));
  const wanted = Object.entries(METHODS).map(
    ([name, { domain, whenLost }]) => `| \`${name}\` | ${domain} | ${WORDS[whenLost]} |`,
  );
  expect(rows.toSorted()).toEqual(wanted.toSorted());
});

test('each method reads or writes, and only reads are served from copies', () => {
  for (const [name, { read, write, whenLost }] of Object.entries(METHODS)) {
    expect((read === undefined) !== (write === undefined), name).toBe(true);
    expect(whenLost === 'replica', name).toBe(read !== undefined);
  }
});
