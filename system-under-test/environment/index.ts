/**
 * What the backend asks of a world. The backend imports nothing else from outside itself; the live
 * and the cluster world each hand in an implementation of every part.
 */
import type { Clock } from './clock.ts';
import type { Log } from './log.ts';
import type { Network } from './network.ts';
import type { Randomness } from './randomness.ts';
import type { Store } from './store.ts';
import type { Trace } from './trace.ts';

export type { Clock, Timer } from './clock.ts';
export type { Log, LogLevel } from './log.ts';
export type { Connection, ConnectionHandlers, Listener, Network } from './network.ts';
export type { Randomness } from './randomness.ts';
export type { Store, StoreEntry, StoreRange, StoreWrite } from './store.ts';
export { STATIONS, type StationName, type Trace } from './trace.ts';

export interface Environment {
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly network: Network;
  readonly store: Store;
  readonly log: Log;
  /** Only while somebody measures. */
  readonly trace?: Trace;
}
