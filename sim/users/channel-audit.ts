/**
 * The comparison at the end: what every user can read of a supergroup, from the start and in both
 * ways there are, with what was told before. Pure: who reads and when is the crowd's business.
 */
import {
  ChannelLedger,
  type PostEntry,
  type ShownMessage,
  type TrackedChannel,
} from './channel-ledger.ts';
import type { Violation } from './ledger.ts';

/** A channel as one member reads it from the start. */
export interface WholeChannel {
  /** The step up to which it was read. */
  readonly pts: number;
  /** Oldest first. */
  readonly history: readonly ShownMessage[];
  /** New messages as `updates.getChannelDifference` tells them from step 0 on, in its order. */
  readonly difference: readonly ShownMessage[];
  /** Number of members that the channel says it has. */
  readonly count: number;
  readonly readTo: number;
}

/** What a device of a member shows by now, without being asked to look again. */
export interface DeviceView {
  readonly user: number;
  readonly device: number;
  readonly pts: number;
  /** Lowest id that it knows: older ones it has never asked for. */
  readonly fromId: number;
  /** Text of every message that stands; undefined for service messages. */
  readonly texts: ReadonlyMap<number, string | undefined>;
}

export interface ChannelReadings {
  /** Of every user: what could be read, or undefined for one who is not in the channel. */
  readonly whole: ReadonlyMap<number, WholeChannel | undefined>;
  readonly views: readonly DeviceView[];
}

/** Something that must not be. */
export interface Finding {
  readonly invariant: Violation['invariant'];
  readonly text: string;
}

type Report = (invariant: Violation['invariant'], text: string) => void;

export function auditChannel(
  ledger: ChannelLedger,
  number: number,
  { whole, views }: ChannelReadings,
  nowMs: number,
): Finding[] {
  const findings: Finding[] = [];
  const report: Report = (invariant, text) => findings.push({ invariant, text });
  const channel = ledger.channel(number);
  const where = `channel ${number}`;
  const members = [...whole].flatMap(([user, read]) => (read ? [[user, read] as const] : []));
  for (const [user, read] of whole) auditMembership(ledger, report, number, user, read, nowMs);
  for (const [user, read] of members) {
    if (read.count !== members.length) {
      const counts = `${read.count} members, and ${members.length} users can read it`;
      report('members', `${where}: user ${user} is told of ${counts}`);
    }
    const told = channel.readTo.get(user) ?? 0;
    if (read.readTo < told && !ledger.membership(number, user).everGoing) {
      const pointers = `read to ${told} before, and to ${read.readTo} now`;
      report('pointer', `${where}: user ${user} had ${pointers}`);
    }
  }
  const first = members[0];
  if (!first) return findings;
  const [firstUser, reference] = first;
  auditHistory(ledger, report, channel, reference, nowMs);
  const texts = new Map(reference.history.map(({ id, text }) => [id, text]));
  for (const [user, read] of members) {
    const differs = differenceOf(texts, read.history, 1);
    if (read.pts !== reference.pts || differs !== undefined) {
      const steps = `step ${read.pts} and step ${reference.pts}`;
      const what = differs ?? steps;
      const text = `users ${user} and ${firstUser} read different histories: ${what}`;
      report('differs', `${where}: ${text}`);
    }
    const missed = differenceOf(texts, read.difference, 1);
    if (missed !== undefined) {
      report('differs', `${where}: to user ${user} the difference has not ${missed}`);
    }
  }
  for (const view of views) {
    if (view.pts !== reference.pts) continue;
    const shown = [...view.texts].map(([id, text]) => ({ id, text }));
    const differs = differenceOf(texts, shown, view.fromId);
    if (differs === undefined) continue;
    const device = `device ${view.device} of user ${view.user}`;
    report('differs', `${where}: ${device}, which has every step, shows not ${differs}`);
  }
  return findings;
}

function auditMembership(
  ledger: ChannelLedger,
  report: Report,
  number: number,
  user: number,
  read: WholeChannel | undefined,
  nowMs: number,
): void {
  const facts = ledger.membership(number, user);
  const who = `channel ${number}: user ${user}`;
  if (read && (facts.neverIn(nowMs) || facts.outSince(nowMs).length > 0)) {
    report('visible', `${who} can read it and is not in it`);
  }
  if (!read && facts.inSince(nowMs) !== undefined) {
    report('members', `${who} cannot read it, and was told to be in it`);
  }
}

/** One history against what authors were told. */
function auditHistory(
  ledger: ChannelLedger,
  report: Report,
  channel: TrackedChannel,
  { history }: WholeChannel,
  nowMs: number,
): void {
  const where = `channel ${channel.number}`;
  const standing = new Map<number, number>();
  const lastOf = new Map<number, number>();
  let lastId = 0;
  for (const { id, text } of history) {
    if (id <= lastId) report('dense', `${where}: id ${id} follows id ${lastId}`);
    lastId = id;
    const named = text === undefined ? undefined : ChannelLedger.versionIn(text);
    const post = named ? ledger.posts[named.id] : undefined;
    if (!post || !named) continue;
    if (standing.has(post.id)) {
      report('doubled', `${where}: post ${post.id} stands twice, the second time as ${id}`);
    }
    standing.set(post.id, named.version);
    const last = lastOf.get(post.sender);
    if (last !== undefined && last > post.id) {
      const order = `post ${post.id} stands after post ${last}, but was sent before it`;
      report('order', `${where}: ${order}`);
    }
    lastOf.set(post.sender, Math.max(last ?? 0, post.id));
  }
  // Every id was given to something: only deletions leave gaps.
  const deletions = channel.posts.flatMap(({ changes }) =>
    changes.filter(({ kind }) => kind === 'delete'),
  );
  const gaps = lastId - history.length;
  if (gaps > deletions.length) {
    report('dense', `${where}: ${gaps} ids are missing, for ${deletions.length} deletions`);
  }
  for (const post of channel.posts) auditPost(ledger, report, post, standing.get(post.id), nowMs);
}

/** `version` is that of the text that stands; undefined for none. */
function auditPost(
  ledger: ChannelLedger,
  report: Report,
  post: PostEntry,
  version: number | undefined,
  nowMs: number,
): void {
  const { changes, storedMs, ackedMs, refused } = post;
  const which = `channel ${post.channel}: post ${post.id}`;
  const inSince = ledger.membership(post.channel, post.sender).inSince(nowMs);
  /** What was queued for somebody who is out by now may have been dropped. */
  const mustTake = inSince !== undefined && inSince < (post.sentMs ?? 0);
  const deletions = changes.filter(({ kind }) => kind === 'delete');
  if (version === undefined) {
    const isPromised = storedMs !== undefined || (ackedMs !== undefined && mustTake);
    if (!isPromised || refused !== undefined || deletions.length > 0) return;
    report('lost', `${which}, acknowledged as ${post.ack}, is not in the channel`);
    return;
  }
  if (deletions.some(({ took, mayBeLate }) => took === true && (!mayBeLate || mustTake))) {
    report('lost', `${which} is in the channel, and its deletion was acknowledged`);
  }
  const edits = changes.filter(({ kind }) => kind === 'edit');
  const shown = edits.find((edit) => edit.version === version);
  if (version > 0 && !shown) {
    report('differs', `${which} shows version ${version}, which nobody wrote`);
  }
  // What may be carried out late may come after what was asked later.
  if (shown?.mayBeLate) return;
  const newer = edits.find(
    (edit) => edit.version > version && edit.took === true && (!edit.mayBeLate || mustTake),
  );
  if (!newer) return;
  const versions = `version ${version}, and version ${newer.version} was acknowledged`;
  report('lost', `${which} shows ${versions}`);
}

/** The first message from `fromId` on in which the two differ, in words. */
function differenceOf(
  texts: ReadonlyMap<number, string | undefined>,
  shown: readonly ShownMessage[],
  fromId: number,
): string | undefined {
  const seen = new Set<number>();
  for (const { id, text } of shown) {
    seen.add(id);
    if (id < fromId) continue;
    if (!texts.has(id)) return `the end of id ${id}`;
    if (texts.get(id) !== text) return `id ${id} as it is ("${headOf(texts.get(id))}")`;
  }
  for (const id of texts.keys()) if (id >= fromId && !seen.has(id)) return `id ${id}`;
  return undefined;
}

const headOf = (text: string | undefined): string => (text ?? 'service').slice(0, 20).trim();
