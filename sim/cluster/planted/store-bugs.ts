/** Planted bugs of what is durable, when, and in which order. */
import type { PlantedBug } from './planted-bug.ts';

const DC = 'system-under-test/datacenter';

export const STORE_BUGS: readonly PlantedBug[] = [
  {
    name: 'acknowledge-before-durable',
    file: `${DC}/commit-log.ts`,
    find: 'return this.#push(own, local, false, eager);',
    replace: 'this.#push(own, local, false, eager).catch(() => {}); return Promise.resolve();',
    says: 'The sender is answered before the write is on the disk, as with fsync switched off.',
    expect: ['lost', 'replica'],
  },
  {
    name: 'acknowledge-the-next-batch',
    file: `${DC}/commit-log.ts`,
    find: 'for (const append of appends) append.resolve();',
    replace: 'for (const append of [...appends, ...this.#pending]) append.resolve();',
    says: 'A group commit acknowledges what came while it was being written, too.',
    expect: ['lost', 'replica'],
  },
  {
    name: 'full-batch-drops-the-rest',
    file: `${DC}/commit-log.ts`,
    find: 'this.#pending = this.#pending.slice(count);',
    replace: 'this.#pending = [];',
    says: 'Appends beyond what one commit may take are forgotten instead of waiting for the next.',
    expect: ['liveness', 'lost'],
  },
  {
    name: 'random-ids-not-reloaded',
    file: `${DC}/boxes.ts`,
    find: 'box.randomIds.set(event.randomId, { id: event.id, pts });',
    replace: 'void pts;',
    says: 'After a restart the server no longer knows which writes it has taken already.',
    expect: ['doubled'],
  },
  {
    name: 'last-id-restored-one-short',
    file: `${DC}/boxes.ts`,
    find: 'box.lastId = event.lastId;',
    replace: 'box.lastId = Math.max(0, event.lastId - 1);',
    says: 'The id counter of a box is restored off by one, so a restart gives an id out twice.',
    expect: ['lost', 'dense', 'doubled'],
  },
  {
    name: 'evicts-boxes-in-use',
    file: `${DC}/boxes.ts`,
    find: 'if (!box || box.pins > 0) continue;',
    replace: 'if (!box) continue;',
    says: 'The cache drops an object that a request still changes: two copies of one box live on.',
    expect: ['lost', 'dense', 'doubled'],
  },
  {
    name: 'lanes-do-not-wait',
    file: `${DC}/lanes.ts`,
    find: 'this.#tails.set(lane, tail);',
    replace: 'void tail;',
    says: "One user's requests run side by side instead of one after another (a lost lock).",
    expect: ['order', 'doubled'],
  },
  {
    name: 'tail-forgets-to-move',
    file: `${DC}/numbered-log.ts`,
    find: 'this.#tailStart++;',
    replace: '',
    says: 'Once the tail in memory is full, entries are found under the numbers of others.',
    expect: ['replica', 'lost', 'doubled'],
  },
  {
    name: 'trims-its-last-number',
    file: `${DC}/numbered-log.ts`,
    find: 'const end = Math.min(acknowledged, this.#durable - 1);',
    replace: 'const end = Math.min(acknowledged, this.#durable);',
    says: 'A log that was read by everyone is deleted whole, and its numbers start again.',
    expect: ['liveness', 'lost', 'replica'],
  },
];
