/** Planted bugs of the links between datacentres: resuming, acknowledging, replicating, pushing. */
import type { PlantedBug } from './planted-bug.ts';

const DC = 'system-under-test/datacenter';

export const LINK_BUGS: readonly PlantedBug[] = [
  {
    name: 'position-apart-from-effect',
    file: `${DC}/inbound-work.ts`,
    find: 'const local = [this.#taken(from, number)];',
    replace:
      'const local = []; context.commits.append([], [this.#taken(from, number)]).catch(() => {});',
    says: 'The consumer commits its offset apart from the work: at most once instead of exactly once.',
    expect: ['lost'],
  },
  {
    name: 'position-not-written',
    file: `${DC}/inbound-work.ts`,
    find: 'const local = [this.#taken(from, number)];',
    replace: 'const local = [];',
    says: 'The consumer does not write its offset down: after a restart it takes everything again.',
    expect: ['doubled'],
  },
  {
    name: 'stream-position-one-too-far',
    file: `${DC}/inbound-work.ts`,
    find: 'writes.push(applied(from, number));',
    replace: 'writes.push(applied(from, number + 1));',
    says: 'A replica notes the next record as applied, and skips it after a restart.',
    expect: ['replica'],
  },
  {
    name: 'acknowledges-what-it-has-taken',
    file: `${DC}/incoming-link.ts`,
    find: 'const { streamDurable, outboxDurable } = inbound;',
    replace: 'const { streamTaken: streamDurable, outboxTaken: outboxDurable } = inbound;',
    says: 'A follower acknowledges when it has received, not when it has synced (Kafka before KIP-966).',
    expect: ['lost', 'replica', 'order', 'liveness'],
  },
  {
    name: 'resumes-one-too-far',
    file: `${DC}/pump.ts`,
    find: 'this.#next = options.taken + 1;',
    replace: 'this.#next = options.taken + (options.taken > 0 ? 2 : 1);',
    says: 'After a reconnect the sender goes on one entry too late.',
    expect: ['liveness', 'replica'],
  },
  {
    name: 'window-leaks-credit',
    file: `${DC}/pump.ts`,
    find: 'this.#bytesInFlight += value.length + 32;',
    replace: 'this.#bytesInFlight += value.length + 64;',
    says: 'Flow control takes more credit than it gives back, until the link falls silent.',
    expect: ['liveness', 'replica', 'lost'],
  },
  {
    name: 'guests-not-told-to-look',
    file: `${DC}/inbound-work.ts`,
    find: "for (const userId of userIds) delivery.push(userId, '', body);",
    replace: '',
    says: 'Pushes lost with a link are never made up for: devices are not told to look.',
    expect: ['liveness'],
  },
];
