/**
 * Questions that one DC asks another on its own behalf (pages of a snapshot, hashes of a copy, the
 * parts of a user who moves): named, each answered by the part of the DC that registered the name.
 */
import { RpcError } from '../schema/errors.ts';
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
