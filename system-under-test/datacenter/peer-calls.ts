/**
 * Questions that one DC asks another on its own behalf (pages of a snapshot, hashes of a copy, the
 * parts of a user who moves): named, each answered by the part of the DC that registered the name.
 */
import { RpcError } from '../schema/errors.ts';
import { LinkDownError, type OutgoingLink } from './outgoing-link.ts';
import { type Packable, pack, unpack } from './records.ts';

/** Answers with a MessagePack value. Throws `RpcError` for what the asking side did wrong. */
export type PeerCall = (from: number, question: unknown) => Promise<Packable>;

export class PeerCalls {
  readonly #calls = new Map<string, PeerCall>();

  register(name: string, call: PeerCall): void {
    if (this.#calls.has(name)) throw new Error(`peer call ${name} is registered twice`);
    this.#calls.set(name, call);
  }

  async answer(from: number, name: string, body: Uint8Array): Promise<Uint8Array> {
    const call = this.#calls.get(name);
    if (!call) throw new RpcError(400, 'PEER_CALL_UNKNOWN');
    return pack(await call(from, unpack<unknown>(body)));
  }
}

/** The asking side. */
export class Peers {
  readonly #link: (dc: number) => OutgoingLink | undefined;

  constructor(link: (dc: number) => OutgoingLink | undefined) {
    this.#link = link;
  }

  /** Whether a question would reach the DC. */
  reach(dc: number): boolean {
    return this.#link(dc)?.open === true;
  }

  /**
   * What the DC answers: as it comes from there, to be looked at before it is used. Rejects with
   * `LinkDownError` when there is no answer, with `RpcError` when it says no.
   */
  async ask(dc: number, name: string, question: Packable): Promise<unknown> {
    const link = this.#link(dc);
    if (!link) throw new LinkDownError(`there is no link to DC ${dc}`);
    const { body } = await link.call(name, pack(question));
    return unpack<unknown>(body);
  }
}
