/**
 * A device's view of its user's box: follows it by pushed updates, notices gaps, and asks for what
 * it has missed. https://core.telegram.org/api/updates
 */
import type { tl } from '../../system-under-test/schema/tl.ts';
import type { AuditedMessage } from './ledger.ts';
import {
  messagesOf,
  type ReadPointer,
  readPointerOf,
  type SettledWrites,
  settledWrites,
} from './received.ts';

export interface BoxFollowerHost {
  /** Rejects when there is no connection or no answer. */
  call(method: tl.RpcMethod): Promise<unknown>;
  after(ms: number, run: () => void): void;
  show(message: tl.RawMessage): void;
  /** It is known what became of queued writes. */
  settled(writes: SettledWrites): void;
  /** A chat has been read so far. */
  read(pointer: ReadPointer): void;
  /** Something else that a difference tells of. */
  other(update: tl.TypeUpdate): void;
  connected(): boolean;
}

/** Telegram clients wait so long for an update that fills a gap before they ask. */
const GAP_WAIT_MS = 500;
/** Until a question that was refused is asked again. */
const ASK_AGAIN_MS = 500;

export class BoxFollower {
  readonly #host: BoxFollowerHost;
  #pts = 0;
  #asking = false;
  /** Something happened after the question under way was asked. */
  #askAgain = false;
  /** How long the last refusal told to wait. */
  #waitMs = ASK_AGAIN_MS;

  constructor(host: BoxFollowerHost) {
    this.#host = host;
  }

  /** Starts where the box is now. */
  async start(): Promise<void> {
    const state = (await this.#host.call({ _: 'updates.getState' })) as tl.updates.RawState;
    this.#pts = state.pts;
  }

  receive(update: tl.TypeUpdates): void {
    if (update._ === 'updatesTooLong') {
      this.catchUp();
      return;
    }
    for (const { message, read, pts, ptsCount } of messagesOf(update)) {
      if (message) this.#host.show(message);
      if (read && pts === this.#pts + ptsCount) this.#host.read(read);
      this.advance(pts, ptsCount);
    }
    this.#host.settled(settledWrites(update));
  }

  /** An update that does not follow what is known means that something was missed. */
  advance(pts: number, ptsCount: number): void {
    if (pts <= this.#pts) return;
    if (pts === this.#pts + ptsCount) this.#pts = pts;
    else this.#host.after(GAP_WAIT_MS, () => this.#pts < pts && this.catchUp());
  }

  /** Asks for what happened since; once more if it is called meanwhile. */
  catchUp(): void {
    this.#askAgain = true;
    if (this.#asking) return;
    this.#asking = true;
    void this.#ask().finally(() => {
      this.#asking = false;
      // Without a connection there is nobody to ask: the next one begins with this question.
      if (this.#askAgain && this.#host.connected())
        this.#host.after(this.#waitMs, () => this.catchUp());
    });
  }

  async #ask(): Promise<void> {
    while (this.#askAgain && this.#host.connected()) {
      this.#askAgain = false;
      try {
        await this.#readSince();
      } catch (error) {
        // The connection may be another one by now, and its own question was not asked.
        this.#askAgain = true;
        const wait = /^FLOOD_WAIT_(\d+)$/.exec((error as { text?: string }).text ?? '');
        this.#waitMs = wait ? Number(wait[1]) * 1000 : ASK_AGAIN_MS;
        return;
      }
    }
  }

  async #readSince(): Promise<void> {
    for (;;) {
      const difference = await this.#difference(this.#pts);
      if (difference._ === 'updates.differenceEmpty') return;
      if (difference._ === 'updates.differenceTooLong') {
        this.#pts = difference.pts;
        return;
      }
      for (const message of difference.newMessages) {
        if (message._ === 'message') this.#host.show(message);
      }
      for (const update of difference.otherUpdates) {
        const read = readPointerOf(update);
        if (read) this.#host.read(read);
        else this.#host.other(update);
      }
      const slice = difference._ === 'updates.differenceSlice';
      const state = slice ? difference.intermediateState : difference.state;
      this.#pts = Math.max(this.#pts, state.pts);
      if (!slice) return;
    }
  }

  /** Every message of the box, oldest first. */
  async readAll(): Promise<AuditedMessage[]> {
    const all: AuditedMessage[] = [];
    for (let pts = 0; ; ) {
      const difference = await this.#difference(pts);
      if (difference._ === 'updates.differenceEmpty') return all;
      if (difference._ === 'updates.differenceTooLong') {
        throw new Error('the box is too long to read whole');
      }
      for (const message of difference.newMessages) {
        if (message._ !== 'message') continue;
        all.push({ id: message.id, out: message.out === true, text: message.message });
      }
      if (difference._ === 'updates.difference') return all;
      pts = difference.intermediateState.pts;
    }
  }

  async #difference(pts: number): Promise<tl.updates.TypeDifference> {
    const question = { _: 'updates.getDifference', pts, date: 0, qts: 0 } as const;
    return (await this.#host.call(question)) as tl.updates.TypeDifference;
  }
}
