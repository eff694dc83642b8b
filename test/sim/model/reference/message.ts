/** What moves through the reference simulator. */
import type { CARRIED } from '../../../../sim/model/message-queue.ts';
import type { Link, Parcel } from './link.ts';

export type Kind = (typeof CARRIED)[number];

/** What a person wrote: one object from when it was due until all its copies are delivered. */
export interface Message {
  readonly due: number;
  readonly sender: number;
  readonly kind: Kind;
  /** Devices that it goes to, by their home DC. */
  readonly devices: readonly number[];
  /** Times that it was refused. */
  refusals: number;
}

/** A message on a link: a write for its sender's home, or a copy for one DC's devices. */
export interface Copy extends Parcel {
  readonly message: Message;
  readonly devices: number;
}

/** A message in a DC that is to accept it. */
export interface Request {
  readonly message: Message;
  /** Where it waited for the sender's home, if it comes from there and not from a device. */
  readonly outbox?: { readonly link: Link<Copy>; readonly copy: Copy };
}
