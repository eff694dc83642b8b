/**
 * What a service gets: the parts of its datacentre. Services are plain functions over it; they
 * keep no state of their own.
 */

import type { Audience } from '../datacenter/audience.ts';
import type { BoxReader } from '../datacenter/box-reader.ts';
import type { Boxes } from '../datacenter/boxes.ts';
import type { ChannelBoxes } from '../datacenter/channel-boxes.ts';
import type { ChannelReader } from '../datacenter/channel-reader.ts';
import type { CommitLog } from '../datacenter/commit-log.ts';
import type { Delivery } from '../datacenter/delivery.ts';
import type { Directory } from '../datacenter/directory.ts';
import type { Freshness, Seen } from '../datacenter/freshness.ts';
import type { Holds } from '../datacenter/holds.ts';
import type { Homes } from '../datacenter/homes.ts';
import type { HotLogs } from '../datacenter/hot-log.ts';
import type { Lanes } from '../datacenter/lanes.ts';
import type { Outbox } from '../datacenter/outbox.ts';
import type { Popularity } from '../datacenter/popularity.ts';
import type { Clock, Log, Randomness, StoreWrite, Trace } from '../environment/index.ts';
import type { tl } from '../schema/tl.ts';
import type { Topology } from '../topology.ts';

export interface ServiceContext {
  readonly dc: number;
  readonly topology: Topology;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly log: Log;
  readonly trace?: Trace;
  readonly commits: CommitLog;
  readonly boxes: Boxes;
  readonly reader: BoxReader;
  readonly channels: ChannelBoxes;
  readonly channelReader: ChannelReader;
  readonly hotLogs: HotLogs;
  readonly popularity: Popularity;
  readonly directory: Directory;
  readonly homes: Homes;
  readonly freshness: Freshness;
  readonly holds: Holds;
  readonly delivery: Delivery;
  readonly audience: Audience;
  readonly lanes: Lanes;
  /** By destination DC; the one for this DC itself holds what must wait for others. */
  readonly outboxes: ReadonlyMap<number, Outbox>;
  /** Whether the links to all other DCs are up. */
  linkedToAll(): boolean;
  /** Asks another DC on behalf of a user; rejects with LinkDownError when it is out of reach. */
  ask<M extends tl.RpcMethod>(dc: number, actor: Actor, method: M): Promise<tl.TlObject>;
}

/** Who asks: a signed-in user on one device. */
export interface Actor {
  readonly userId: number;
  /** The device: its updates are not echoed to it. Empty for a write that comes from a queue. */
  readonly authKeyId: string;
  /** What the session has seen; absent for what comes from elsewhere. */
  readonly seen?: Seen;
  /** When nobody waits for the answer any more, on the monotonic clock. */
  readonly deadlineMs?: number;
}

/** How a write came here, when not straight from its user's session. */
export interface WriteOrigin {
  /** Writes outside the domain that must be in the same atomic batch. */
  readonly local: readonly StoreWrite[];
  /** Set for a write that waited in an outbox. */
  readonly queued?: { readonly number: number; readonly acceptedAt: number };
}

export const DIRECT: WriteOrigin = { local: [] };

/** A write that is in the commit log. The answer may be given once `durable` has resolved. */
export interface Staged<T> {
  readonly answer: T;
  readonly durable: Promise<void>;
}

export function unixSeconds(clock: Clock): number {
  return Math.floor(clock.wallMs() / 1000);
}
