/**
 * A device that opens its chats now and then, and checks what it is shown: never older than what it
 * has seen before, unless the answer says that it may be (a datacentre that serves a copy while
 * home is out of reach marks its answers as inexact).
 */
import { longOf, type tl } from '../../system-under-test/schema/tl.ts';

export interface ChatReaderHost {
  /** Rejects when there is no connection or no answer. */
  call(method: tl.RpcMethod): Promise<unknown>;
  connected(): boolean;
  /** An answer that is older than what this device has seen. */
  stale(text: string): void;
  /** A whole number from 0 to below `below`. */
  draw(below: number): number;
}

/** Telegram's largest page; longer chats cannot be compared whole. */
const PAGE = 100;

export class ChatReader {
  readonly #host: ChatReaderHost;
  /** Newest id seen in each chat, and how to address it. */
  readonly #newest = new Map<number, number>();
  readonly #peers = new Map<number, tl.TypeInputPeer>();
  #looking = false;
  readonly stats = { looks: 0, marked: 0 };

  constructor(host: ChatReaderHost) {
    this.#host = host;
  }

  knows(userId: number, peer: tl.TypeInputPeer): void {
    this.#peers.set(userId, peer);
  }

  /** The device has shown this message of the chat with `userId`. */
  saw(userId: number, id: number): void {
    if (id > (this.#newest.get(userId) ?? 0)) this.#newest.set(userId, id);
  }

  /** Newest id seen in the chat, 0 for none. */
  newestIn(userId: number): number {
    return this.#newest.get(userId) ?? 0;
  }

  /** Opens a chat. */
  look(): void {
    const chats = [...this.#newest.keys()].filter((userId) => this.#peers.has(userId));
    if (this.#looking || !this.#host.connected() || chats.length === 0) return;
    const userId = chats[this.#host.draw(chats.length)];
    const peer = userId === undefined ? undefined : this.#peers.get(userId);
    if (userId === undefined || !peer) return;
    this.#looking = true;
    this.#read(userId, peer)
      .catch(() => {}) // refused or cut off: there is nothing to compare
      .finally(() => {
        this.#looking = false;
      });
  }

  async #read(userId: number, peer: tl.TypeInputPeer): Promise<void> {
    const seen = this.#newest.get(userId) ?? 0;
    const answer = (await this.#host.call({
      _: 'messages.getHistory',
      peer,
      offsetId: 0,
      offsetDate: 0,
      addOffset: 0,
      limit: PAGE,
      maxId: 0,
      minId: 0,
      hash: longOf(0, 0),
    })) as tl.messages.TypeMessages;
    this.stats.looks++;
    if (answer._ !== 'messages.messages') {
      // Marked as inexact, or a page of a longer chat, which looks the same.
      this.stats.marked++;
      return;
    }
    const newest = Math.max(0, ...answer.messages.map((message) => message.id));
    if (newest < seen) {
      this.#host.stale(`the chat with ${userId} ends at ${newest}, but ${seen} was shown before`);
    }
  }
}
