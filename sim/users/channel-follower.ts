/**
 * A device's view of one supergroup: follows it by pushed updates, notices gaps, and asks for what
 * it has missed. https://core.telegram.org/api/updates
 */
import { RpcError } from '../../system-under-test/schema/errors.ts';
import { longOf, type tl } from '../../system-under-test/schema/tl.ts';
import type { DeviceView, WholeChannel } from './channel-audit.ts';
import type { ShownMessage, Way } from './channel-ledger.ts';
import { floodWaitMs } from './device-link.ts';

export interface ChannelFollowerHost {
  /** Rejects when there is no connection or no answer. */
  call(method: tl.RpcMethod): Promise<unknown>;
  after(ms: number, run: () => void): void;
  connected(): boolean;
  show(message: ShownMessage, way: Way): void;
  /** A step of the channel, as this device was told of it. */
  event(pts: number, what: string): void;
  /** The user has read so far; `before` is what this device was told last. */
  readTo(maxId: number, before: number): void;
  /** An answer that is older than what this device has seen. */
  stale(text: string): void;
}

/** Telegram clients wait so long for an update that fills a gap before they ask. */
const GAP_WAIT_MS = 500;
/** Until a question that was refused is asked again. */
const ASK_AGAIN_MS = 500;
/** Telegram's largest page. */
const PAGE = 100;
const DIFFERENCE_MAX = 1_000;

export class ChannelFollower {
  readonly channel: tl.RawInputChannel;
  readonly #host: ChannelFollowerHost;
  /** Text of every message that stands, undefined for service messages. */
  readonly #texts = new Map<number, string | undefined>();
  #pts: number | undefined;
  #fromId = 1;
  #newestId = 0;
  #readTo = 0;
  #asking = false;
  #askAgain = false;
  #waitMs = ASK_AGAIN_MS;
  /** The last answer was that the user is not in the channel. */
  #isOut = true;

  constructor(channel: tl.RawInputChannel, host: ChannelFollowerHost) {
    this.channel = channel;
    this.#host = host;
  }

  get pts(): number | undefined {
    return this.#isOut ? undefined : this.#pts;
  }

  /** Newest id that was shown, 0 for none. */
  get newestId(): number {
    return this.#newestId;
  }

  view(user: number, device: number): DeviceView | undefined {
    if (this.#isOut || this.#pts === undefined) return undefined;
    return { user, device, pts: this.#pts, fromId: this.#fromId, texts: this.#texts };
  }

  /** One update about this channel. */
  receive(update: tl.TypeUpdate): void {
    switch (update._) {
      case 'updateNewChannelMessage':
      case 'updateEditChannelMessage': {
        const message = shownMessage(update.message);
        if (!message) return;
        const kind = update._ === 'updateNewChannelMessage' ? 'new' : 'edit';
        this.#host.event(update.pts, `${kind} ${message.id}`);
        this.#host.show(message, 'push');
        if (update.pts > (this.#pts ?? 0)) this.#apply(message);
        this.#advance(update.pts, update.ptsCount);
        return;
      }
      case 'updateDeleteChannelMessages':
        if (update.ptsCount > 0) this.#host.event(update.pts, `delete ${update.messages}`);
        if (update.pts > (this.#pts ?? 0)) this.#remove(update.messages);
        this.#advance(update.pts, update.ptsCount);
        return;
      case 'updateReadChannelInbox':
        this.#host.readTo(update.maxId, this.#readTo);
        this.#readTo = update.maxId;
        return;
      case 'updateChannel':
      case 'updateChannelTooLong':
        this.catchUp();
        return;
    }
  }

  /** What a deletion of this device was answered with. */
  deleted(ids: readonly number[], { pts, ptsCount }: tl.messages.RawAffectedMessages): void {
    if (ptsCount === 0) {
      // Done before, by an attempt whose answer was lost: its step has been missed.
      this.#advance(pts, 0);
      return;
    }
    this.#host.event(pts, `delete ${ids}`);
    if (pts > (this.#pts ?? 0)) this.#remove(ids);
    this.#advance(pts, ptsCount);
  }

  /** There is a connection again. */
  reopened(): void {
    if (!this.#isOut || this.#askAgain) this.catchUp();
  }

  /** Asks for what happened since; once more if it is called meanwhile. */
  catchUp(): void {
    this.#askAgain = true;
    if (this.#asking) return;
    this.#asking = true;
    void this.#ask().finally(() => {
      this.#asking = false;
      // Without a connection there is nobody to ask: the next one begins with this question.
      if (this.#askAgain && this.#host.connected()) {
        this.#host.after(this.#waitMs, () => this.catchUp());
      }
    });
  }

  /** Opens the channel, member or not, and checks that it is not older than what was seen. */
  async look(): Promise<void> {
    const seen = this.#isOut ? 0 : (this.#pts ?? 0);
    const page = await this.#history(0);
    if (page.pts < seen && page.inexact !== true) {
      this.#host.stale(`answered with step ${page.pts}, but step ${seen} was shown before`);
    }
    for (const message of shownMessages(page.messages)) {
      this.#host.show(message, 'pull');
      if (this.#pts !== undefined && page.pts >= this.#pts) this.#apply(message);
    }
  }

  /** The whole channel in both ways; undefined when the user is not in it. */
  async readWhole(): Promise<WholeChannel | undefined> {
    try {
      const history: ShownMessage[] = [];
      let pts = 0;
      for (let offsetId = 0; ; ) {
        const page = await this.#history(offsetId);
        const messages = shownMessages(page.messages);
        for (const message of messages) this.#host.show(message, 'pull');
        history.push(...messages);
        if (offsetId === 0) pts = page.pts;
        offsetId = messages.at(-1)?.id ?? 0;
        if (messages.length < PAGE) break;
      }
      const difference = await this.#differenceFrom(0);
      const full = (await this.#host.call({
        _: 'channels.getFullChannel',
        channel: this.channel,
      })) as tl.messages.RawChatFull;
      if (full.fullChat._ !== 'channelFull') throw new Error('a supergroup without a description');
      const { participantsCount: count = 0, readInboxMaxId: readTo } = full.fullChat;
      return { pts, history: history.toReversed(), difference, count, readTo };
    } catch (error) {
      if (isOutside(error)) return undefined;
      throw error;
    }
  }

  /** An update that does not follow what is known means that something was missed. */
  #advance(pts: number, ptsCount: number): void {
    const known = this.#pts;
    // Pushed to somebody who was told to be out, or has not begun: something has changed.
    if (known === undefined || this.#isOut) this.catchUp();
    if (known === undefined || pts <= known) return;
    if (pts === known + ptsCount) this.#pts = pts;
    else this.#host.after(GAP_WAIT_MS, () => (this.#pts ?? 0) < pts && this.catchUp());
  }

  async #ask(): Promise<void> {
    while (this.#askAgain && this.#host.connected()) {
      this.#askAgain = false;
      try {
        await (this.#pts === undefined ? this.#begin() : this.#readSince(this.#pts));
        this.#isOut = false;
      } catch (error) {
        if (isOutside(error)) {
          this.#isOut = true;
          continue;
        }
        // The connection may be another one by now, and its own question was not asked.
        this.#askAgain = true;
        this.#waitMs = floodWaitMs(error) ?? ASK_AGAIN_MS;
        return;
      }
    }
  }

  async #begin(): Promise<void> {
    const page = await this.#history(0);
    const messages = shownMessages(page.messages);
    for (const message of messages) {
      this.#host.show(message, 'pull');
      this.#apply(message);
    }
    this.#fromId = messages.length < PAGE ? 1 : (messages.at(-1)?.id ?? 1);
    this.#pts = page.pts;
    // Pushes that came meanwhile were not counted.
    this.#askAgain = true;
  }

  async #readSince(since: number): Promise<void> {
    for (let pts = since; ; ) {
      const difference = await this.#difference(pts);
      pts = difference.pts;
      this.#take(difference);
      if (difference.final === true) return;
    }
  }

  #take(difference: NumberedDifference): void {
    if (difference._ === 'updates.channelDifference') {
      for (const message of shownMessages(difference.newMessages)) {
        this.#host.show(message, 'pull');
        this.#apply(message);
      }
      for (const update of difference.otherUpdates) this.#takeOther(update);
    } else if (difference._ === 'updates.channelDifferenceTooLong') {
      for (const message of shownMessages(difference.messages)) {
        this.#host.show(message, 'pull');
        this.#apply(message);
      }
    }
    this.#pts = Math.max(this.#pts ?? 0, difference.pts);
  }

  #takeOther(update: tl.TypeUpdate): void {
    if (update._ === 'updateEditChannelMessage') {
      const message = shownMessage(update.message);
      if (!message) return;
      this.#host.show(message, 'pull');
      this.#apply(message);
    } else if (update._ === 'updateDeleteChannelMessages') {
      this.#host.event(update.pts, `delete ${update.messages}`);
      this.#remove(update.messages);
    }
  }

  #apply({ id, text }: ShownMessage): void {
    this.#texts.set(id, text);
    if (id > this.#newestId) this.#newestId = id;
  }

  #remove(ids: readonly number[]): void {
    for (const id of ids) this.#texts.delete(id);
  }

  async #differenceFrom(since: number): Promise<ShownMessage[]> {
    const all = new Map<number, ShownMessage>();
    for (let pts = since; ; ) {
      const difference = await this.#difference(pts);
      if (difference._ === 'updates.channelDifferenceTooLong') {
        throw new Error('the channel is too long to read whole');
      }
      if (difference._ === 'updates.channelDifference') {
        for (const message of shownMessages(difference.newMessages)) all.set(message.id, message);
      }
      pts = difference.pts;
      if (difference.final === true) return [...all.values()];
    }
  }

  async #difference(pts: number): Promise<NumberedDifference> {
    const difference = (await this.#host.call({
      _: 'updates.getChannelDifference',
      channel: this.channel,
      filter: { _: 'channelMessagesFilterEmpty' },
      pts,
      limit: DIFFERENCE_MAX,
    })) as tl.updates.TypeChannelDifference;
    if (difference._ !== 'updates.channelDifferenceTooLong') return difference;
    const { dialog } = difference;
    return { ...difference, pts: dialog._ === 'dialog' ? (dialog.pts ?? pts) : pts };
  }

  async #history(offsetId: number): Promise<tl.messages.RawChannelMessages> {
    const { channelId, accessHash } = this.channel;
    const answer = (await this.#host.call({
      _: 'messages.getHistory',
      peer: { _: 'inputPeerChannel', channelId, accessHash },
      offsetId,
      offsetDate: 0,
      addOffset: 0,
      limit: PAGE,
      maxId: 0,
      minId: 0,
      hash: longOf(0, 0),
    })) as tl.messages.TypeMessages;
    if (answer._ === 'messages.channelMessages') return answer;
    throw new Error(`a channel's history came as ${answer._}`);
  }
}

type NumberedDifference =
  | tl.updates.RawChannelDifferenceEmpty
  | tl.updates.RawChannelDifference
  | (tl.updates.RawChannelDifferenceTooLong & { readonly pts: number });

/** The answer to somebody who is not in the channel. */
function isOutside(error: unknown): boolean {
  return error instanceof RpcError && error.text === 'CHANNEL_PRIVATE';
}

function shownMessage(message: tl.TypeMessage): ShownMessage | undefined {
  if (message._ === 'messageEmpty') return undefined;
  return { id: message.id, text: message._ === 'message' ? message.message : undefined };
}

const shownMessages = (messages: readonly tl.TypeMessage[]): ShownMessage[] =>
  messages.flatMap((message) => shownMessage(message) ?? []);
