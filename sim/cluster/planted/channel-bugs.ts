/** Planted bugs of supergroups: who may see and write what, one shared log, copies in memory. */
import type { PlantedBug } from './planted-bug.ts';

const DC = 'system-under-test/datacenter';
const SERVICES = 'system-under-test/services';

export const CHANNEL_BUGS: readonly PlantedBug[] = [
  {
    name: 'queued-posts-of-the-banned',
    file: `${SERVICES}/channel-posts.ts`,
    find: 'requireWriter(await actingMember(ctx, box, actor), unixSeconds(ctx.clock));',
    replace:
      'if (!origin.queued) requireWriter(await actingMember(ctx, box, actor), unixSeconds(ctx.clock));',
    says: 'A right is checked when a post is queued, and not again when it is carried out.',
    expect: ['visible'],
  },
  {
    name: 'the-banned-can-read',
    file: `${DC}/channel-records.ts`,
    find: 'return member !== undefined && member.joinNumber !== NOT_IN;',
    replace: 'return member !== undefined;',
    says: 'Who is banned still has a record, and whoever has a record is taken for a member.',
    expect: ['visible', 'members'],
  },
  {
    name: 'post-repeats-are-new',
    file: `${SERVICES}/channel-posts.ts`,
    find: 'const known = await ctx.channels.posted(box, actor.userId, randomId, acceptedAt);',
    replace: 'const known = undefined;',
    says: 'A post that is sent again after a time-out is stored again.',
    expect: ['doubled', 'order'],
  },
  {
    name: 'post-ids-not-reloaded',
    file: `${DC}/channel-boxes.ts`,
    find: 'await this.#remember(box, nowSeconds - LIMITS.channelRandomIdsMs / 1000);',
    replace: 'void nowSeconds;',
    says: 'After a restart the home of a supergroup no longer knows which posts it has taken.',
    expect: ['doubled', 'order'],
  },
  {
    name: 'channel-difference-skips',
    file: `${SERVICES}/channel-difference.ts`,
    find: 'const reached = events.at(-1)?.pts ?? pts;',
    replace: 'const reached = pts;',
    says: 'One page of a long difference moves the client to the end: it skips what lies between.',
    expect: ['differs', 'liveness'],
  },
  {
    name: 'difference-without-edits',
    file: `${SERVICES}/channel-difference.ts`,
    find: "else otherUpdates.push({ _: 'updateEditChannelMessage', message, pts, ptsCount: 1 });",
    replace: 'else void message;',
    says: 'Whoever was away when a post was edited never hears of it.',
    expect: ['differs'],
  },
  {
    name: 'deleted-posts-stay-hot',
    file: `${DC}/hot-log.ts`,
    find: "if (write.kind === 'delete') this.messages.set(number, undefined, 0);",
    replace: "if (write.kind === 'delete') void number;",
    says: 'A cache of the newest posts is not told of deletions: what is deleted is shown again.',
    expect: ['differs', 'lost'],
  },
  {
    name: 'edited-posts-stay-hot',
    file: `${DC}/hot-log.ts`,
    find: 'else this.messages.set(number, unpackChannelMessage(write.value), write.value.length);',
    replace:
      'else if (!this.messages.get(number)) this.messages.set(number, unpackChannelMessage(write.value), write.value.length);',
    says: 'A cache of the newest posts is not invalidated when one of them is edited.',
    expect: ['differs', 'lost'],
  },
  {
    name: 'bans-do-not-evict',
    file: `${SERVICES}/members.ts`,
    find: 'if (goes) ctx.audience.evict(channelId, target.id);',
    replace: '',
    says: 'A ban reaches other datacentres with the copy only: posts on the fast way overtake it.',
    expect: ['visible'],
  },
  {
    name: 'listens-before-it-is-sure',
    file: `${DC}/audience.ts`,
    find: 'if (heard.sure && !this.#unsure.has(from)) {',
    replace: 'if (heard !== undefined) {',
    says: 'After a link was down posts are handed on before the evictions missed are known.',
    expect: ['visible'],
  },
  {
    name: 'read-pointer-goes-back',
    file: `${SERVICES}/channel-reads.ts`,
    find: 'const moves = maxId > (stored ? unpackRead(stored) : 0);',
    replace: 'const moves = maxId > 0;',
    says: 'The last write wins: an older read pointer replaces a newer one.',
    expect: ['pointer'],
  },
  {
    name: 'member-count-only-grows',
    file: `${DC}/channel-steps.ts`,
    find: 'members: members + difference(isIn),',
    replace: 'members: members + Math.max(0, difference(isIn)),',
    says: 'A counter kept beside the list that it counts is not moved when somebody goes.',
    expect: ['members'],
  },
  {
    name: 'evicts-channels-in-use',
    file: `${DC}/channel-boxes.ts`,
    find: 'if (!box || box.pins > 0) continue;',
    replace: 'if (!box) continue;',
    says: 'The cache drops a supergroup that a request still changes: two of it live on.',
    expect: ['dense', 'doubled', 'lost'],
  },
  {
    name: 'reads-past-what-is-staged',
    file: `${DC}/channel-boxes.ts`,
    find: 'const write = box.staged.get(key)?.write;',
    replace: 'const write = undefined;',
    says: 'A change is made to what is on the disk, not to what is about to be there (lost update).',
    expect: ['lost', 'members', 'visible', 'pointer'],
  },
];
