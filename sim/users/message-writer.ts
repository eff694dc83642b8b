/**
 * What a device writes, in order: whatever home has not confirmed is written again after every
 * reconnect, under the same `random_id`. The same for messages and for posts in supergroups.
 */
import type { Clock } from '../../system-under-test/environment/index.ts';
import type { ClientConnection } from '../../system-under-test/mtproto/client-connection.ts';
import { RpcError } from '../../system-under-test/schema/errors.ts';
import type { Long, tl } from '../../system-under-test/schema/tl.ts';
import { BEHAVIOUR, floodWaitMs } from './device-link.ts';
import { within } from './device-timers.ts';
import { keyOf, nameOf, type SettledWrites, scheduledIdOf } from './received.ts';

/** One thing to write, and who wants to know what becomes of it. */
export interface Writing {
  /** Begins with a word that no other text begins with. */
  readonly text: string;
  readonly peer: tl.TypeInputPeer;
  readonly randomId: Long;
  /** First handed to the network. */
  sent(nowMs: number): void;
  acked(how: 'stored' | 'queued', nowMs: number): void;
  /** The answer of who has stored it, with the id that it has there. */
  answered(answer: tl.TypeUpdates): void;
  /** It is not going to be stored. */
  refused(why: string): void;
}

export interface MessageWriterHost {
  readonly clock: Clock;
  /** A connection that may be written to now. */
  ready(): ClientConnection | undefined;
  /** Whether it is the one that the device has. */
  isCurrent(connection: ClientConnection): boolean;
  giveUp(connection: ClientConnection): void;
  after(ms: number, run: () => void): void;
  /** See VirtualUserOptions.plain. */
  readonly plain: boolean;
}

interface Unsent {
  readonly writing: Writing;
  /**
   * On the present connection: not written yet, written, or acknowledged as queued. `twin`:
   * refused, but an earlier attempt was acknowledged as queued and may still be carried out.
   */
  state: 'waiting' | 'in_flight' | 'queued' | 'twin';
  /** While it is queued: the id that it is shown under until then. */
  scheduledId: number | undefined;
}

export class MessageWriter {
  readonly #host: MessageWriterHost;
  /** What home has not confirmed, oldest first. */
  #unsent: Unsent[] = [];
  /** One was told to come back later, and nothing may overtake it. */
  #heldBack = false;

  constructor(host: MessageWriterHost) {
    this.#host = host;
  }

  /** Now or as soon as there is a connection. Never throws. */
  write(writing: Writing): void {
    // What was refused may be taken now, and must not be overtaken by this.
    for (const unsent of this.#unsent) if (unsent.state === 'twin') unsent.state = 'waiting';
    this.#unsent.push({ writing, state: 'waiting', scheduledId: undefined });
    this.flush();
  }

  get unconfirmed(): number {
    return this.#unsent.length;
  }

  /** A careful client leaves no queued message behind; none leaves one that is in doubt. */
  get mustStay(): boolean {
    return this.#unsent.some(({ state }) => !this.#host.plain || state !== 'queued');
  }

  /** The connection is gone: all is written again, but for what a plain client forgets. */
  lost(): void {
    this.#heldBack = false;
    for (const unsent of this.#unsent) {
      if (unsent.state !== 'queued' || !this.#host.plain) unsent.state = 'waiting';
    }
  }

  flush(): void {
    const connection = this.#host.ready();
    if (!connection || this.#heldBack) return;
    let inFlight = 0;
    for (const unsent of this.#unsent) {
      if (unsent.state === 'in_flight') inFlight++;
      if (unsent.state !== 'waiting') continue;
      if (inFlight >= BEHAVIOUR.inFlightMax) return;
      inFlight++;
      this.#write(connection, unsent);
    }
  }

  /** An own text stands where it was written to: whatever was in doubt about it is settled. */
  seen(text: string): void {
    const name = nameOf(text);
    const unsent = this.#unsent.find(({ writing }) => nameOf(writing.text) === name);
    if (unsent) this.#stored(unsent);
  }

  /** What became of queued writes. */
  settle({ stored, dropped }: SettledWrites): void {
    for (const key of stored) {
      const unsent = this.#unsent.find(({ writing }) => keyOf(writing.randomId) === key);
      if (unsent) this.#stored(unsent);
    }
    for (const { peerId, scheduledId } of dropped) {
      const unsent = this.#unsent.find(
        (each) => each.scheduledId === scheduledId && idOf(each.writing.peer) === peerId,
      );
      // Elsewhere, or under way once more, it may still be taken.
      if (unsent?.state !== 'queued' && unsent?.state !== 'twin') continue;
      unsent.writing.refused('dropped from the queue');
      this.#confirm(unsent);
    }
  }

  #write(connection: ClientConnection, unsent: Unsent): void {
    const { clock, plain } = this.#host;
    const { writing } = unsent;
    unsent.state = 'in_flight';
    writing.sent(clock.monotonicMs());
    const call = connection.call<tl.TypeUpdates>({
      _: 'messages.sendMessage',
      peer: writing.peer,
      message: writing.text,
      randomId: writing.randomId,
    });
    within(clock, BEHAVIOUR.answerMs, call).then(
      (answer) => {
        const scheduledId = scheduledIdOf(answer);
        writing.acked(scheduledId === undefined ? 'stored' : 'queued', clock.monotonicMs());
        if (scheduledId !== undefined) {
          // Stays in the list until home says that it has it.
          if (this.#host.isCurrent(connection) || plain) {
            unsent.state = 'queued';
            unsent.scheduledId = scheduledId;
          }
          return this.flush();
        }
        this.#confirm(unsent);
        writing.answered(answer);
      },
      (error: Error) => this.#notWritten(connection, unsent, error),
    );
  }

  #notWritten(connection: ClientConnection, unsent: Unsent, error: Error): void {
    if (!(error instanceof RpcError)) {
      // In doubt. The whole connection is given up, so that everything is written again in order.
      this.#host.giveUp(connection);
      return;
    }
    const waitMs = floodWaitMs(error);
    if (waitMs !== undefined || error.code >= 500) {
      // One message held back holds back all after it: their order is a promise.
      this.#heldBack = this.#host.isCurrent(connection);
      this.#host.after(waitMs ?? BEHAVIOUR.retryMs, () => this.#host.giveUp(connection));
      return;
    }
    if (unsent.scheduledId !== undefined && !this.#host.plain) {
      unsent.state = 'twin';
      this.flush();
      return;
    }
    unsent.writing.refused(error.text);
    this.#confirm(unsent);
  }

  #stored(unsent: Unsent): void {
    unsent.writing.acked('stored', this.#host.clock.monotonicMs());
    this.#confirm(unsent);
  }

  #confirm(unsent: Unsent): void {
    this.#unsent = this.#unsent.filter((other) => other !== unsent);
    this.flush();
  }
}

function idOf(peer: tl.TypeInputPeer): number | undefined {
  if (peer._ === 'inputPeerChannel') return peer.channelId;
  return peer._ === 'inputPeerUser' ? peer.userId : undefined;
}
