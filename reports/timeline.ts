/**
 * What happened in one small run, second by second, as data: the lives of datacentres and links,
 * the messages of a few users, and where a promise was broken. render/timeline.ts draws it. All
 * times are seconds from the start of the measured window.
 */

/** Where something happened: at a datacentre or on the device of a user. */
export type Lane =
  | { readonly kind: 'dc'; readonly dc: number }
  | { readonly kind: 'device'; readonly user: number };

/** From when to when. */
export interface Span {
  readonly fromSeconds: number;
  readonly untilSeconds: number;
}

export interface TimelineFault extends Span {
  readonly text: string;
  /** The DCs that it concerns; all lanes when empty. */
  readonly dcs: readonly number[];
}

/** A directed backbone link that was not up. */
export interface LinkDown extends Span {
  readonly from: number;
  readonly to: number;
}

/** To which DC a device was connected. */
export interface DeviceConnection extends Span {
  readonly user: number;
  readonly dc: number;
}

/** A step in the life of a DC's process. */
export interface LifeStep {
  readonly dc: number;
  readonly step: 'crashed' | 'told to start' | 'serves';
  readonly atSeconds: number;
}

export interface TimelineMessage {
  readonly id: number;
  readonly sender: number;
  readonly recipient: number;
  readonly sentSeconds: number | undefined;
  readonly ackedSeconds: number | undefined;
  readonly ack: 'stored' | 'queued' | undefined;
  readonly deliveredSeconds: number | undefined;
  /** Its number in the recipient's box, once seen. */
  readonly deliveredId: number | undefined;
}

/** One of the facts that cannot both be right. */
export interface Fact {
  readonly lane: Lane;
  readonly atSeconds: number;
  readonly text: string;
}

export interface BrokenPromise {
  readonly invariant: string;
  readonly text: string;
  readonly facts: readonly Fact[];
  /** Messages that it is about. */
  readonly messages: readonly number[];
}

export interface Timeline extends Span {
  readonly seed: string;
  readonly dcs: readonly { readonly id: number; readonly name: string }[];
  readonly users: readonly { readonly index: number; readonly homeDc: number }[];
  readonly faults: readonly TimelineFault[];
  readonly lives: readonly LifeStep[];
  readonly linksDown: readonly LinkDown[];
  readonly connections: readonly DeviceConnection[];
  readonly messages: readonly TimelineMessage[];
  /** Undefined for a run that kept every promise. */
  readonly broken: BrokenPromise | undefined;
}
