/**
 * What clients were told about supergroups, kept apart from the code under test: posts with their
 * edits and deletions, who was in and who was out for sure, how far every device has come. Promises
 * are checked as devices show things; the rest at the end (channel-audit.ts). Times are
 * milliseconds on the world's monotonic clock.
 */
import type { Violation } from './ledger.ts';
import { MembershipFacts } from './membership-facts.ts';

/** An edit or a deletion that the author of a post has asked for. */
export interface PostChange {
  readonly kind: 'edit' | 'delete';
  /** The text's version after it; 0 is the text as it was posted. */
  readonly version: number;
  /** The final answer has come; `took` is what it was. */
  doneMs: number | undefined;
  took: boolean | undefined;
  /** May be carried out later than the answer came: it was queued, or an attempt is in doubt. */
  mayBeLate: boolean;
}

/** One post that somebody was going to write. */
export interface PostEntry {
  readonly id: number;
  /** Number of the channel in the workload. */
  readonly channel: number;
  readonly sender: number;
  readonly dueMs: number;
  readonly measured: boolean;
  /** First handed to the network. */
  sentMs: number | undefined;
  ackedMs: number | undefined;
  /** How it was acknowledged first. */
  ack: 'stored' | 'queued' | undefined;
  /** The author was told that the channel's home has stored it. */
  storedMs: number | undefined;
  refused: string | undefined;
  /** Its id in the channel, once anybody was told. */
  messageId: number | undefined;
  /** First time on a device of each user. */
  readonly shownMs: Map<number, number>;
  readonly changes: PostChange[];
}

/** How far one device has come in a channel. */
export interface ChannelFollowing {
  readonly user: number;
  readonly device: number;
  /** Undefined until it has begun. */
  readonly pts: number | undefined;
  /** It should be told of everything at once: it is switched on, and the channel is not muted. */
  readonly expectsAll: boolean;
}

/** A message as a device shows it; without a text for a service message. */
export interface ShownMessage {
  readonly id: number;
  readonly text: string | undefined;
}

export type Way = 'push' | 'pull';

export interface TrackedChannel {
  readonly number: number;
  readonly creator: number;
  readonly posts: PostEntry[];
  readonly members: Map<number, MembershipFacts>;
  readonly followings: ChannelFollowing[];
  /** What each step of the channel was, as the first device was told. */
  readonly events: Map<number, string>;
  /** Which post stands under an id; `SERVICE` for service messages. */
  readonly ids: Map<number, number>;
  /** The highest pts that anybody was told. */
  ptsMax: number;
  /** How far each user was told to have read. */
  readonly readTo: Map<number, number>;
  /** Users who may have muted it, and those of whom that will never be known for sure. */
  readonly muted: Set<number>;
  readonly muteInDoubt: Set<number>;
}

const SERVICE = -1;
const TEXT = /^c(\d+) v(\d+) /;

export class ChannelLedger {
  readonly channels: TrackedChannel[] = [];
  readonly posts: PostEntry[] = [];
  readonly #broken: (invariant: Violation['invariant'], text: string) => void;
  /** Operations that wait for their final answer. */
  #pending = 0;
  readonly totals = { pushes: 0, pulls: 0, differences: 0, refusals: 0 };

  constructor(broken: (invariant: Violation['invariant'], text: string) => void) {
    this.#broken = broken;
  }

  addChannel(creator: number): TrackedChannel {
    const channel: TrackedChannel = {
      number: this.channels.length,
      creator,
      posts: [],
      members: new Map(),
      followings: [],
      events: new Map(),
      ids: new Map(),
      ptsMax: 0,
      readTo: new Map(),
      muted: new Set(),
      muteInDoubt: new Set(),
    };
    this.channels.push(channel);
    return channel;
  }

  channel(number: number): TrackedChannel {
    const channel = this.channels[number];
    if (!channel) throw new Error(`there is no channel ${number}`);
    return channel;
  }

  membership(number: number, user: number): MembershipFacts {
    const { members } = this.channel(number);
    let facts = members.get(user);
    if (!facts) {
      facts = new MembershipFacts();
      members.set(user, facts);
    }
    return facts;
  }

  addPost(number: number, sender: number, dueMs: number, measured: boolean): PostEntry {
    const post: PostEntry = {
      id: this.posts.length,
      channel: number,
      sender,
      dueMs,
      measured,
      sentMs: undefined,
      ackedMs: undefined,
      ack: undefined,
      storedMs: undefined,
      refused: undefined,
      messageId: undefined,
      shownMs: new Map(),
      changes: [],
    };
    this.posts.push(post);
    this.channel(number).posts.push(post);
    return post;
  }

  /** The text that carries a post's identity and version through the system, `bytes` long. */
  static textOf(id: number, version: number, bytes: number): string {
    return `c${id} v${version} `.padEnd(bytes, 'pack my box with five dozen liquor jugs ');
  }

  static versionIn(text: string): { readonly id: number; readonly version: number } | undefined {
    const match = TEXT.exec(text);
    return match ? { id: Number(match[1]), version: Number(match[2]) } : undefined;
  }

  acked(post: PostEntry, how: 'stored' | 'queued', nowMs: number): void {
    if (how === 'stored') {
      post.storedMs ??= nowMs;
      this.#checkWriter(post, nowMs);
    }
    post.ackedMs ??= nowMs;
    post.ack ??= how;
  }

  refused(post: PostEntry, why: string, nowMs: number): void {
    post.refused = why;
    const inSince = this.membership(post.channel, post.sender).inSince(nowMs);
    // `sentMs` may be that of an earlier stay; only a post of this one has to be taken.
    if (post.ack === 'queued' && inSince !== undefined && inSince < (post.sentMs ?? 0)) {
      this.#tell('lost', post, `was acknowledged as queued and then dropped (${why})`);
    }
  }

  beginOperation(): void {
    this.#pending++;
  }

  endOperation(): void {
    this.#pending--;
  }

  addChange(post: PostEntry, kind: PostChange['kind']): PostChange {
    const edits = post.changes.filter((change) => change.kind === 'edit').length;
    const version = kind === 'edit' ? edits + 1 : edits;
    const change: PostChange = {
      kind,
      version,
      doneMs: undefined,
      took: undefined,
      mayBeLate: false,
    };
    post.changes.push(change);
    return change;
  }

  /** A device of `user` shows a message of a channel. */
  shown(number: number, user: number, message: ShownMessage, way: Way, nowMs: number): void {
    this.totals[way === 'push' ? 'pushes' : 'pulls']++;
    const channel = this.channel(number);
    const { id, text } = message;
    const named = text === undefined ? undefined : ChannelLedger.versionIn(text);
    const post = named ? this.posts[named.id] : undefined;
    if (text !== undefined && !post) return;
    if (post && post.channel !== number) {
      this.#tell('visible', post, `was shown in channel ${number} to user ${user}`);
      return;
    }
    this.#checkId(channel, id, post);
    if (!post) return;
    post.messageId ??= id;
    this.#checkVisible(post, user, nowMs);
    if (!post.shownMs.has(user)) post.shownMs.set(user, nowMs);
  }

  /** Somebody was told what a step of a channel was. Pts are counted once for each step. */
  event(number: number, pts: number, what: string, user: number): void {
    const channel = this.channel(number);
    if (pts > channel.ptsMax) channel.ptsMax = pts;
    const before = channel.events.get(pts);
    if (before === undefined) channel.events.set(pts, what);
    else if (before !== what) {
      const text = `channel ${number}: step ${pts} is "${what}" to user ${user}`;
      this.#broken('dense', `${text}, and was "${before}" to another device`);
    }
  }

  /** The user has muted the channel, or may have; or has not any more. */
  mute(number: number, user: number, muted: boolean, inDoubt = false): void {
    const channel = this.channel(number);
    if (inDoubt) channel.muteInDoubt.add(user);
    if (muted) channel.muted.add(user);
    else channel.muted.delete(user);
  }

  mayBeMuted(number: number, user: number): boolean {
    const { muted, muteInDoubt } = this.channel(number);
    return muted.has(user) || muteInDoubt.has(user);
  }

  /** A device was told how far its user has read. */
  readTo(number: number, user: number, maxId: number, before: number): void {
    if (maxId >= before) return;
    const text = `channel ${number}: the read pointer of user ${user} went back`;
    this.#broken('pointer', `${text} from ${before} to ${maxId}`);
  }

  broken(invariant: Violation['invariant'], text: string): void {
    this.#broken(invariant, text);
  }

  /** What somebody still waits for, in words; nothing of it may be left in the end. */
  unsettled(nowMs: number): string[] {
    const waits = this.posts.flatMap((post) =>
      this.#waits(post, nowMs) ? [`post ${post.id} in channel ${post.channel}`] : [],
    );
    if (this.#pending > 0) waits.push(`${this.#pending} operations without an answer`);
    for (const { number, followings, ptsMax } of this.channels) {
      for (const { user, device, pts, expectsAll } of followings) {
        if (!expectsAll || (pts !== undefined && pts >= ptsMax)) continue;
        if (this.membership(number, user).inSince(nowMs) === undefined) continue;
        const where = `device ${device} of user ${user} in channel ${number}`;
        waits.push(`${where} at step ${pts ?? 'none'} of ${ptsMax}`);
      }
    }
    return waits;
  }

  #waits(post: PostEntry, nowMs: number): boolean {
    if (post.refused !== undefined || post.storedMs !== undefined) return false;
    if (post.ack !== 'queued') return true;
    // A queued post of somebody who is out by now is dropped, and perhaps nobody heard of it.
    const inSince = this.membership(post.channel, post.sender).inSince(nowMs);
    return inSince !== undefined && inSince < (post.sentMs ?? 0);
  }

  /** Who is out for sure, and was when the post was first sent, cannot have posted it. */
  #checkWriter(post: PostEntry, nowMs: number): void {
    const sentMs = post.sentMs ?? nowMs;
    const facts = this.membership(post.channel, post.sender);
    if (!facts.neverIn(nowMs) && !facts.outSince(nowMs).some((outMs) => outMs < sentMs)) return;
    this.#tell('visible', post, `was taken from user ${post.sender}, who was not in the channel`);
  }

  #checkVisible(post: PostEntry, user: number, nowMs: number): void {
    const facts = this.membership(post.channel, user);
    if (facts.neverIn(nowMs)) {
      this.#tell('visible', post, `was shown to user ${user}, who was never in the channel`);
      return;
    }
    const { sentMs } = post;
    const out = facts.outSince(nowMs).find((outMs) => sentMs !== undefined && outMs < sentMs);
    if (out === undefined) return;
    const [outAt, sentAt] = [Math.round(out), Math.round(sentMs ?? 0)];
    const when = `out since ${outAt} ms, and it was sent at ${sentAt} ms`;
    this.#tell('visible', post, `was shown to user ${user}, who was ${when}`);
  }

  #checkId(channel: TrackedChannel, id: number, post: PostEntry | undefined): void {
    const name = post ? post.id : SERVICE;
    const before = channel.ids.get(id);
    if (before === undefined) channel.ids.set(id, name);
    else if (before !== name) {
      const what = `id ${id} of channel ${channel.number}`;
      this.#broken('dense', `${what} is post ${name} to one and post ${before} to another`);
    }
    if (post?.messageId !== undefined && post.messageId !== id) {
      this.#tell('doubled', post, `stands under the ids ${post.messageId} and ${id}`);
    }
  }

  #tell(invariant: Violation['invariant'], post: PostEntry, text: string): void {
    this.#broken(invariant, `channel ${post.channel}: post ${post.id} ${text}`);
  }
}
