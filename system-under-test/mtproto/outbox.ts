/**
 * What one session has to send: messages that wait for the next write, messages sent and not
 * acknowledged, answers that a repeated request gets again, acknowledgements that are due. Bounded:
 * a client that acknowledges nothing loses the oldest, and is told by `lossy`.
 */
import type { Message } from './container.ts';
import type { ServerLimits } from './limits.ts';
import { MessageIdSource, SeqNoSource } from './message-id.ts';

export interface Outgoing extends Message {
  readonly contentRelated: boolean;
  /** The request that this is the answer to. */
  readonly answers: bigint | undefined;
}

export interface NewMessage {
  readonly body: Uint8Array;
  /** One of MESSAGE_KIND. */
  readonly kind: bigint;
  /** The other end must acknowledge it. */
  readonly contentRelated: boolean;
  readonly answers?: bigint;
}

export class Outbox {
  readonly #limits: ServerLimits;
  readonly #ids = new MessageIdSource();
  readonly #seqNos = new SeqNoSource();
  #waiting: Outgoing[] = [];
  /** Content-related messages until they are acknowledged, oldest first. */
  readonly #kept = new Map<bigint, Outgoing>();
  readonly #answers = new Map<bigint, Outgoing>();
  readonly #acks = new Set<bigint>();
  #bytes = 0;
  #lossy = false;

  constructor(limits: ServerLimits) {
    this.#limits = limits;
  }

  get acksDue(): number {
    return this.#acks.size;
  }

  /** Something that needs a packet now; acknowledgements alone can wait. */
  get hasWaiting(): boolean {
    return this.#waiting.length > 0;
  }

  /** More waits or is unacknowledged than the limits allow. */
  get isOverfull(): boolean {
    return (
      this.#kept.size + this.#waiting.length > this.#limits.keptMessagesMax ||
      this.#bytes > this.#limits.keptBytesMax
    );
  }

  /** By how much the ids of this session are ahead of the clock, seconds. */
  aheadSeconds(wallMs: number): number {
    return this.#ids.aheadSeconds(wallMs);
  }

  /** Whether messages were dropped unacknowledged since this was last asked. */
  takeLossy(): boolean {
    const lossy = this.#lossy;
    this.#lossy = false;
    return lossy;
  }

  add(message: NewMessage, wallMs: number): void {
    const { body, kind, contentRelated, answers } = message;
    const messageId = this.#ids.next(wallMs, kind);
    const seqNo = this.#seqNos.next(contentRelated);
    const outgoing = { messageId, seqNo, body, contentRelated, answers };
    this.#waiting.push(outgoing);
    this.#bytes += body.length;
    if (answers === undefined) return;
    this.#acks.delete(answers); // an answer says that the request has arrived
    this.#answers.set(answers, outgoing);
  }

  /** An id for a container; larger than those of all messages added before. */
  containerHead(wallMs: number, kind: bigint): { messageId: bigint; seqNo: number } {
    return { messageId: this.#ids.next(wallMs, kind), seqNo: this.#seqNos.next(false) };
  }

  addAck(messageId: bigint): void {
    this.#acks.add(messageId);
  }

  takeAcks(): bigint[] {
    const acks = [...this.#acks];
    this.#acks.clear();
    return acks;
  }

  /** Everything that waits, handed over for sending; content-related messages stay kept. */
  takeWaiting(): Outgoing[] {
    const messages = this.#waiting;
    this.#waiting = [];
    for (const message of messages) {
      if (message.contentRelated) this.#kept.set(message.messageId, message);
      else this.#forgetBytes(message);
    }
    while (this.isOverfull) this.#dropOldest();
    return messages;
  }

  /** All unacknowledged messages wait again, for the connection that they went to is gone. */
  resendKept(): void {
    const waiting = new Set(this.#waiting);
    const again = [...this.#kept.values()].filter((message) => !waiting.has(message));
    this.#kept.clear();
    this.#waiting = [...again, ...this.#waiting];
  }

  /** Sends a kept message again; false when it is not there any more. */
  resend(messageId: bigint): boolean {
    const message = this.#kept.get(messageId);
    if (message === undefined) return false;
    this.#kept.delete(messageId);
    this.#waiting.push(message);
    return true;
  }

  /** Sends the answer to a repeated request again, if there is one and it does not wait anyway. */
  resendAnswer(requestId: bigint): boolean {
    const answer = this.#answers.get(requestId);
    return answer !== undefined && this.resend(answer.messageId);
  }

  answerTo(requestId: bigint): Outgoing | undefined {
    return this.#answers.get(requestId);
  }

  /** The other end has these messages, or does not want them. */
  acknowledged(messageId: bigint): void {
    const message = this.#kept.get(messageId);
    if (message === undefined) return;
    this.#kept.delete(messageId);
    this.#forget(message);
  }

  /** Drops an answer that nobody wants any more, sent or not. */
  dropAnswer(answer: Outgoing): void {
    const wasWaiting = this.#waiting.includes(answer);
    if (wasWaiting) this.#waiting = this.#waiting.filter((message) => message !== answer);
    if (this.#kept.delete(answer.messageId) || wasWaiting) this.#forget(answer);
  }

  #dropOldest(): void {
    const oldest = this.#kept.values().next().value;
    if (oldest === undefined) throw new Error('an overfull outbox without kept messages');
    this.#kept.delete(oldest.messageId);
    this.#forget(oldest);
    this.#lossy = true;
  }

  #forget(message: Outgoing): void {
    this.#forgetBytes(message);
    if (message.answers !== undefined) this.#answers.delete(message.answers);
  }

  #forgetBytes(message: Outgoing): void {
    this.#bytes -= message.body.length;
  }
}
