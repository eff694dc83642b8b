/** Planted bugs of messages: exactly once, in order, also when home is away. */
import type { PlantedBug } from './planted-bug.ts';

const DC = 'system-under-test/datacenter';
const SERVICES = 'system-under-test/services';

export const MESSAGE_BUGS: readonly PlantedBug[] = [
  {
    name: 'repeats-are-new',
    file: `${SERVICES}/messages.ts`,
    find: 'const known = sender.randomIds.get(randomId);',
    replace: 'const known = undefined;',
    says: 'A write that is sent again after a time-out is stored again.',
    expect: ['doubled'],
  },
  {
    name: 'repeats-from-the-queue-are-new',
    file: `${SERVICES}/messages.ts`,
    find: 'const known = sender.randomIds.get(randomId);',
    replace: 'const known = origin.queued ? undefined : sender.randomIds.get(randomId);',
    says: 'What was in doubt when the link broke is stored once directly and once from the queue.',
    expect: ['doubled'],
  },
  {
    name: 'queue-forgotten-in-a-restart',
    file: `${DC}/datacenter.ts`,
    find: 'await outbox.recover();',
    replace: '',
    says: 'A restarted DC does not know whose writes wait, so newer ones overtake them.',
    expect: ['order'],
  },
  {
    name: 'newer-writes-overtake',
    file: `${SERVICES}/degraded.ts`,
    find: 'if (ctx.outboxes.get(to)?.hasQueued(userId)) return true;',
    replace: '',
    says: 'A write goes straight home while older ones of its user still wait in the queue.',
    expect: ['order'],
  },
  {
    name: 'home-does-not-hold-back',
    file: `${SERVICES}/degraded.ts`,
    find: 'return to === ctx.dc && ctx.holds.holds(userId);',
    replace: 'return false;',
    says: 'Home takes a new write of a user whose older ones are still on their way from elsewhere.',
    expect: ['order'],
  },
  {
    name: 'restarted-home-does-not-wait',
    file: `${DC}/holds.ts`,
    find: 'return !this.#allTold();',
    replace: 'return false;',
    says: 'After a restart home takes new writes before its peers have said what waits there.',
    expect: ['order'],
  },
  {
    name: 'difference-ends-early',
    file: `${SERVICES}/updates.ts`,
    find: 'if (reached.pts < state.pts) {',
    replace: 'if (false) {',
    says: 'The first page of a long answer says that it is the last one.',
    expect: ['lost', 'liveness'],
  },
];
