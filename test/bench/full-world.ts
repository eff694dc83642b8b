/**
 * Five datacentres that hold much already: one-to-one messages in the boxes of each DC's users,
 * written through the backend's own steps (disk-writing.ts).
 */
import { addMessage } from '../../system-under-test/datacenter/boxes.ts';
import { Directory } from '../../system-under-test/datacenter/directory.ts';
import type { Store } from '../../system-under-test/environment/index.ts';
import { createNodeRandomness } from '../../system-under-test/live/node-randomness.ts';
import { emptyBox, WriteBatch, writeDisks } from './disk-writing.ts';
import { DCS } from './live-cluster.ts';
import { TEXT_BYTES } from './live-load.ts';

export interface FullWorld {
  /** Keys (with their partitions) and values of all five domains. */
  readonly bytes: number;
  readonly entries: number;
  /** What it took one process to write them, synced, in batches of a snapshot's page, seconds. */
  readonly writeSeconds: number;
}

const MESSAGES_PER_USER = 500;

/** At least `bytes` in the domains of all DCs together, evenly. `folder`: of a new cluster. */
export function makeFullWorld(folder: string, bytes: number): Promise<FullWorld> {
  return writeDisks(folder, (store, secret) => fill(store, secret, bytes));
}

async function fill(store: Store, secret: Uint8Array, bytes: number): Promise<FullWorld> {
  const randomness = createNodeRandomness();
  const batch = new WriteBatch(store);
  const date = Math.floor(Date.now() / 1000);
  const directories = DCS.map((dc) => {
    return { dc, directory: new Directory({ store, dc, dcs: DCS, secret, randomness }) };
  });
  for (let number = 0; batch.bytes < bytes; number++) {
    for (const { dc, directory } of directories) {
      const phone = `99966${dc}${String(number).padStart(4, '0')}`;
      const person = { phone, firstName: 'Full', lastName: '', createdAt: date };
      const { user, writes } = directory.newUser(person);
      await batch.add(writes);
      const box = emptyBox(dc, user.id);
      for (let each = 0; each < MESSAGES_PER_USER; each++) {
        const [out, peer] = [each % 2 === 0, user.id + 8 * (1 + (each % 10))];
        const text = wordsLike(number * MESSAGES_PER_USER + each);
        const randomId = out ? hexNumber(number * MESSAGES_PER_USER + each) : '';
        await batch.add(addMessage(box, { peer, out, date, text, entities: [] }, randomId).writes);
      }
    }
  }
  await batch.flush();
  const { bytes: written, entries, seconds } = batch;
  return { bytes: written, entries, writeSeconds: seconds };
}

/** As compressible as a text that was typed: letters, half of them in runs of few. */
function wordsLike(seed: number): string {
  let state = seed + 1;
  let text = '';
  while (text.length < TEXT_BYTES) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    text += state.toString(36);
    text += ' the and of ';
  }
  return text.slice(0, TEXT_BYTES);
}

const hexNumber = (value: number): string => value.toString(16).padStart(16, '0');
