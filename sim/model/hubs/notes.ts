/** What a reader must know of a run of posts, a line each. */
import { short } from '../../traffic/shapes/words.ts';
import type { HubTally } from './hub-tally.ts';
import type { HubPlan } from './plan.ts';
import { BEHIND_US_MAX } from './pool.ts';

/** A pool that was further behind than this is named. */
const BEHIND_US_TOLD = 1e6;

/** `dcs`: ids by index. */
export function hubNotes(plan: HubPlan, tally: HubTally, dcs: readonly number[]): string[] {
  const { settings, every, hubPostsLeft, backgroundPosts } = plan;
  const total = (counts: Float64Array): number => counts.reduce((sum, n) => sum + n, 0);
  const cores = settings.fanOutCores.map((n, dc) => `${short(n)} at DC ${dcs[dc]}`).join(', ');
  const notes = [
    `posts of supergroups and channels: ${short(total(tally.posts))} followed one by one, ` +
      `${short(total(tally.pushes))} pushes to devices (post_latency; delivery_latency has none)`,
    `cores that push them: ${cores} (assumed: half busy with the messenger mix at its busiest)`,
  ];
  if (every > 1) {
    notes.push(
      `of the ${short(backgroundPosts)} posts outside of bursts one in ${every} is followed ` +
        `(limit ${short(settings.postsMax)} a run); the others only load the cores that push`,
    );
  }
  if (hubPostsLeft > 0) {
    notes.push(
      `the last ${short(hubPostsLeft)} posts of bursts are beyond the limit of ` +
        `${short(settings.postsMax)} a run: neither followed nor counted`,
    );
  }
  dcs.forEach((id, dc) => {
    const behindUs = tally.behindUs[dc]!;
    if (behindUs >= BEHIND_US_TOLD) {
      notes.push(
        `the cores that push at DC ${id} were up to ${short(behindUs / 1e6)} s behind, outages apart`,
      );
    }
    const leftOut = tally.leftOut[dc]!;
    if (leftOut > 0) {
      notes.push(
        `${short(leftOut)} pushes at DC ${id} were left out: more than ` +
          `${BEHIND_US_MAX / 6e7} minutes behind`,
      );
    }
  });
  return notes;
}
