/**
 * What a toxic is. How to add one:
 *
 * 1. Write `toxics/<name>.ts` exporting `defineToxic({ type, attributes, start })`. `attributes`
 *    names its whole numbers with their bounds (a missing one is 0, as in the real server).
 * 2. `start` makes the stage that one direction of one connection flows through. A stage is given
 *    bytes by `take` and hands bytes on by `port.take`, at once or later; it never blocks, and
 *    says in `heldBytes` what it still has, so that the link can pause the source in time.
 *    Stages that delay use `DelayQueue` and `Alarm`: one timer each, never one per chunk.
 * 3. `release` is called when the toxic is removed: hand on everything held, in order, at once.
 *    `stop` is called when the connection is gone: cancel timers, hand on nothing.
 * 4. Add it to the list in `toxics/index.ts`, and a table row to test/chaos/toxiproxy/.
 */
import type { ToxicMeter } from '../extensions/meters.ts';
import type { RandomStream } from '../random.ts';

/**
 * How a direction ends. `fin`: the source sent its FIN, pass that on. `close`: close both sides
 * once what was handed on is written. `reset`: both sides get an RST.
 */
export type End = 'fin' | 'close' | 'reset';

/** Where bytes of one direction go next: the following stage, or the destination's socket. */
export interface Port {
  /** `atMs` is when these bytes came here, on performance.now(): delays count from it. */
  take(bytes: Buffer, atMs: number): void;
  /** Nothing follows. Called once. */
  end(end: End): void;
}

/** What a stage is given besides its attributes. */
export interface StageHost {
  /** The next stage; stays valid when toxics are added or removed behind it. */
  readonly port: Port;
  /** Belongs to this seed, proxy, connection, direction and toxic. */
  readonly random: RandomStream;
  /** Call after handing bytes on from a timer: the link may let the source go on. */
  settled(): void;
  /** What this toxic does, over all connections. Bytes and chunks are counted around the stage. */
  readonly meter: ToxicMeter;
}

export interface Stage<Name extends string = string> extends Port {
  /** Bytes taken and not handed on yet, with LIMITS.chunkOverheadBytes for each chunk. */
  readonly heldBytes: number;
  /** Above this the source is paused. */
  readonly heldBytesMax: number;
  update(attributes: Attributes<Name>): void;
  release(): void;
  stop(): void;
}

export type Attributes<Name extends string = string> = Readonly<Record<Name, number>>;

export interface AttributeBounds {
  readonly min: number;
  readonly max?: number;
  /** What a missing one is: 0 unless said otherwise. */
  readonly byDefault?: number;
}

export interface ToxicKind<Name extends string = string> {
  readonly type: string;
  /** Bounds of each attribute; all are whole numbers. Order is the order in answers. */
  readonly attributes: Readonly<Record<Name, AttributeBounds>>;
  /** What is wrong with attributes that are each fine on their own. */
  problem?(attributes: Attributes<Name>): string | undefined;
  start(attributes: Attributes<Name>, host: StageHost): Stage<Name>;
}

/** Checks a toxic's types, then forgets the names of its attributes so that kinds fit one list. */
export function defineToxic<Name extends string>(kind: ToxicKind<Name>): ToxicKind {
  return kind as unknown as ToxicKind;
}
