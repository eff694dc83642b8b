/**
 * A process for the kill test: writes numbered entries to the store in the folder given, one batch
 * after the other, and says each number on standard output once the store has acknowledged it.
 */
import { writeSync } from 'node:fs';
import { checked } from '../../../system-under-test/datacenter/checked-store.ts';
import { openLevelStore } from '../../../system-under-test/live/level-store.ts';

const [folder, first] = process.argv.slice(2);
const store = checked(await openLevelStore(folder!));
for (let batch = Number(first); ; batch++) {
  const key = String(batch).padStart(8, '0');
  const value = new Uint8Array(200 + (batch % 7) * 3000).fill(batch & 0xff);
  await store.write(
    ['a', 'b', 'c'].map((part) => ({ kind: 'put', partition: `log ${part}`, key, value })),
  );
  writeSync(1, `${batch}\n`);
}
