/**
 * All bugs that `quincunx fuzz --planted` knows. To add one: a line of the backend that carries a
 * promise, what it becomes, and a sentence; `test/sim/cluster/planted` checks that it still fits.
 */
import { CHANNEL_BUGS } from './channel-bugs.ts';
import { LINK_BUGS } from './link-bugs.ts';
import { MESSAGE_BUGS } from './message-bugs.ts';
import type { PlantedBug } from './planted-bug.ts';
import { STORE_BUGS } from './store-bugs.ts';

export const PLANTED: readonly PlantedBug[] = [
  ...STORE_BUGS,
  ...LINK_BUGS,
  ...MESSAGE_BUGS,
  ...CHANNEL_BUGS,
];

export const plantedNames: readonly string[] = PLANTED.map(({ name }) => name);
