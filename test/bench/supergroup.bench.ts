/**
 * A supergroup of 200,000 members of whom 2,000 are online on this machine, at five datacentre
 * processes without map delays: how long until the last of them has a post, what a delivery costs
 * beside a bare fan-out and one envelope, what a post costs each link and each store at 10,000
 * posts a minute, and that this does not depend on the number of members.
 *
 * 10,000 posts a minute to 2,000 listeners are 333,000 deliveries a second, an order of magnitude
 * more than two cores can encrypt. So both are measured, but apart: every post to all 2,000 at a
 * rate that the machine bears, and 10,000 a minute with all but 50 of the online having muted.
 */
import { fanOutRelayCpu } from './bare-relay.ts';
import { bytesBetween, type LinkBytes, startLinkMeter } from './link-meter.ts';
import {
  type BenchCluster,
  between,
  DCS,
  inScratch,
  startCluster,
  type Used,
  usedBy,
} from './live-cluster.ts';
import { quantile } from './live-load.ts';
import { sealWork } from './live-parts.ts';
import type { BenchResult } from './run.ts';
import {
  type OnlineMember,
  OnlineMembers,
  type Posted,
  type PostingOptions,
  posting,
} from './supergroup-people.ts';
import { makeSupergroupWorld, type Supergroup } from './supergroup-world.ts';

const HOME = 1;
const MEMBERS = 200_000;
const ONLINE_PER_DC = 400;
/** Who has not muted while posts come at the full rate; also all members of the small group. */
const LISTENERS_PER_DC = 10;
const LISTENERS = LISTENERS_PER_DC * DCS.length;
const FULL_PER_SECOND = 10_000 / 60;
const FULL_MS = 20_000;
const SMALL_MS = 10_000;
const TO_ALL_PER_SECOND = 4;
const TO_ALL_MS = 20_000;
const WARM_MS = 3_000;
const PULLERS = 16;
const PULL_MS = 5_000;
const PULLED_POSTS = 100;
const RELAY_DELIVERIES = 60_000;

/** One phase of posts and what it has cost. */
interface Phase {
  readonly posted: Posted;
  readonly before: Used;
  readonly after: Used;
  readonly linksBefore: LinkBytes;
  readonly linksAfter: LinkBytes;
  readonly receivedBytes: number;
}

export function bench(): Promise<BenchResult[]> {
  return inScratch(async (folder) => {
    const startMs = performance.now();
    const { groups, devices } = await makeSupergroupWorld({
      folder,
      homeDc: HOME,
      groups: [{ members: MEMBERS }, { members: LISTENERS }],
      devicesPerDc: ONLINE_PER_DC,
    });
    const [large, small] = groups as [Supergroup, Supergroup];
    const meter = startLinkMeter();
    const live = await startCluster(folder, meter.dialling);
    const members = new OnlineMembers(live.addresses, devices);
    const phase = async (options: PostingOptions): Promise<Phase> => {
      const [before, linksBefore] = [await usedBy(live), await meter.read()];
      const receivedBefore = members.receivedBytes;
      const posted = await posting(members.all, options);
      const receivedBytes = members.receivedBytes - receivedBefore;
      const [after, linksAfter] = [await usedBy(live), await meter.read()];
      return { posted, before, after, linksBefore, linksAfter, receivedBytes };
    };
    try {
      await members.arrive(live.cluster.rsaPublicKeyPem);
      say(`${devices.length} devices online after ${seconds(startMs)} s`);
      const everybody = members.all;
      const first = everybody.slice(0, LISTENERS);
      const toAll = { group: large, posters: first, listeners: everybody };
      await posting(everybody, { ...toAll, perSecond: TO_ALL_PER_SECOND, forMs: WARM_MS });
      const all = await phase({ ...toAll, perSecond: TO_ALL_PER_SECOND, forMs: TO_ALL_MS });
      await members.mute(everybody.slice(LISTENERS), large);
      say(`${everybody.length - LISTENERS} have muted after ${seconds(startMs)} s`);
      const full = { posters: first, listeners: first, perSecond: FULL_PER_SECOND };
      await posting(everybody, { ...full, group: large, forMs: WARM_MS });
      const busy = await phase({ ...full, group: large, forMs: FULL_MS });
      say(`${busy.posted.posts} posts at the full rate after ${seconds(startMs)} s`);
      const few = await phase({ ...full, group: small, forMs: SMALL_MS });
      say(`${few.posted.posts} posts in a small group after ${seconds(startMs)} s`);
      const pulled = await pulls(live, everybody.slice(-PULLERS), large);
      say(`pulled after ${seconds(startMs)} s`);
      return [
        ...(await toAllResults(all)),
        ...fullResults(busy),
        ...linkResults(busy),
        ...storeResults(busy, few),
        ...pulled,
        ...honesty([all, busy, few]),
      ];
    } finally {
      await members.leave();
      await live.cluster.stop();
      await meter.close();
    }
  });
}

const say = (text: string): unknown => process.stderr.write(`  ${text}\n`);
const seconds = (sinceMs: number): string => ((performance.now() - sinceMs) / 1000).toFixed(1);

const NOTE =
  `${MEMBERS} members and ${ONLINE_PER_DC * DCS.length} online devices at five DC processes are ` +
  'real: their records on all five disks (written before the start by the code of the backend), ' +
  'a socket, a session and its cryptography for each device; all devices in one process; no map ' +
  'delays between the DCs';

const cpuOf = ({ before, after }: Phase): number => between(before.cpuMicros, after.cpuMicros, DCS);

/** Every post to all who are online. */
async function toAllResults(all: Phase): Promise<BenchResult[]> {
  const { posted, receivedBytes } = all;
  const wireBytes = Math.round(receivedBytes / posted.deliveries);
  const relay = await fanOutRelayCpu(ONLINE_PER_DC, wireBytes, RELAY_DELIVERIES);
  // An envelope adds 24 bytes in front, 32 inside, the length, and 12 to 27 of padding.
  const seal = await sealWork(Math.max(64, wireBytes - 80));
  const limit = relay.median + seal;
  const online = ONLINE_PER_DC * DCS.length;
  const name = (text: string): string => `supergroup: to all ${online} online, ${text}`;
  return [
    { name: name('posts'), value: TO_ALL_PER_SECOND * 60, unit: 'posts/min', note: NOTE },
    {
      name: name('deliveries'),
      value: (posted.deliveries * 1000) / TO_ALL_MS,
      unit: 'deliveries/s',
    },
    ...lastResults(name, posted),
    { name: name('bytes to a device'), value: wireBytes, unit: 'bytes a delivery' },
    { name: name('part: bare fan-out'), value: relay.median, spread: relay.spread, unit: CPU },
    { name: name('part: one envelope sealed'), value: seal, unit: CPU },
    {
      name: name('all five DCs'),
      value: cpuOf(all) / posted.deliveries,
      unit: CPU,
      ratioTo: 'bare fan-out + one envelope',
      ratio: cpuOf(all) / posted.deliveries / limit,
    },
  ];
}

const CPU = 'CPU µs a delivery';

function lastResults(name: (text: string) => string, { lastMs, lagsMs }: Posted): BenchResult[] {
  const shares = [0.5, 0.99] as const;
  return [
    ...shares.map((share) => ({
      name: name(`last delivery p${share * 100} of ${lastMs.length} posts`),
      value: quantile(lastMs, share),
      unit: 'ms from due',
    })),
    { name: name('generator p99 late'), value: quantile(lagsMs, 0.99), unit: 'ms' },
  ];
}

const fullName = (text: string): string => `supergroup: 10K posts/min, ${LISTENERS} hear, ${text}`;

function fullResults(busy: Phase): BenchResult[] {
  const { posted } = busy;
  return [
    {
      name: fullName('deliveries'),
      value: (posted.deliveries * 1000) / FULL_MS,
      unit: 'deliveries/s',
    },
    ...lastResults(fullName, posted),
    {
      name: fullName('author answered p99'),
      value: quantile(posted.answeredMs, 0.99),
      unit: 'ms from due',
    },
    {
      name: fullName('all five DCs'),
      value: cpuOf(busy) / posted.deliveries,
      unit: CPU,
    },
    {
      name: fullName('all five DCs, a post'),
      value: cpuOf(busy) / posted.posts,
      unit: 'CPU µs a post',
    },
  ];
}

/** Payload of the TCP streams. A fifth of the posts come from each DC. */
function linkResults({ posted, linksBefore, linksAfter }: Phase): BenchResult[] {
  const perPost = (from: number, to: number): number =>
    bytesBetween(linksBefore, linksAfter, from, to) / posted.posts;
  const others = DCS.filter((dc) => dc !== HOME);
  const link = (from: number, to: number): BenchResult => ({
    name: fullName(`link ${from} to ${to}`),
    value: perPost(from, to),
    unit: 'bytes a post',
  });
  const sideways = others.flatMap((from) =>
    others.filter((to) => to !== from).map((to) => perPost(from, to)),
  );
  return [
    ...others.map((to) => link(HOME, to)),
    ...others.map((from) => link(from, HOME)),
    {
      name: fullName('each link between two others, most'),
      value: Math.max(...sideways),
      unit: 'bytes a post',
    },
  ];
}

/** Write amplification, and that it does not depend on the number of members. */
function storeResults(busy: Phase, few: Phase): BenchResult[] {
  const others = DCS.filter((dc) => dc !== HOME);
  const perPost = (
    { before, after, posted }: Phase,
    what: 'writes' | 'streamBytes' | 'diskBytes' | 'cpuMicros' | 'commits',
    dcs: readonly number[],
  ): number => between(before[what], after[what], dcs) / posted.posts / dcs.length;
  const result = (
    name: string,
    what: Parameters<typeof perPost>[1],
    dcs: readonly number[],
    unit: string,
  ): BenchResult => {
    const [value, beside] = [perPost(busy, what, dcs), perPost(few, what, dcs)];
    const ratio = { ratioTo: `a group of ${LISTENERS}`, ratio: value / beside };
    return { name: fullName(name), value, unit, ...ratio };
  };
  return [
    result('store entries at home', 'writes', [HOME], 'entries a post'),
    result('store entries at each copy', 'writes', others, 'entries a post'),
    result('replication stream', 'streamBytes', [HOME], 'bytes a post'),
    result('bytes to disk at home', 'diskBytes', [HOME], 'bytes a post'),
    result('bytes to disk at each copy', 'diskBytes', others, 'bytes a post'),
    result('syncs at home', 'commits', [HOME], 'syncs a post'),
    result('CPU of all five', 'cpuMicros', DCS, 'CPU µs a post and DC'),
  ];
}

/** Members who have muted look: the newest posts, one after the other, with nothing else to do. */
async function pulls(
  live: BenchCluster,
  members: readonly OnlineMember[],
  group: Supergroup,
): Promise<BenchResult[]> {
  const pts = await newestPts(members[0]!, group);
  const tookMs: number[] = [];
  let posts = 0;
  const before = await usedBy(live);
  const startMs = performance.now();
  await Promise.all(
    members.map(async (member) => {
      while (performance.now() - startMs < PULL_MS) {
        const beginMs = performance.now();
        const answer = await member.pull(group, pts - PULLED_POSTS, PULLED_POSTS);
        if (answer._ !== 'updates.channelDifference') throw new Error(`a pull gave ${answer._}`);
        posts += answer.newMessages.length;
        tookMs.push(performance.now() - beginMs);
      }
    }),
  );
  const after = await usedBy(live);
  const cpu = between(before.cpuMicros, after.cpuMicros, DCS);
  const name = (text: string): string => `supergroup: ${PULLERS} pull ${PULLED_POSTS}, ${text}`;
  const sorted = Float64Array.from(tookMs).sort();
  return [
    { name: name('closed loop'), value: (tookMs.length * 1000) / PULL_MS, unit: 'pulls/s' },
    { name: name('p99'), value: quantile(sorted, 0.99), unit: 'ms' },
    { name: name('all five DCs'), value: cpu / posts, unit: 'CPU µs a post pulled' },
  ];
}

async function newestPts(member: OnlineMember, group: Supergroup): Promise<number> {
  for (let pts = 1; ; ) {
    const answer = await member.pull(group, pts, 1_000);
    if (answer._ === 'updates.channelDifferenceTooLong') throw new Error('too many posts to pull');
    pts = answer.pts;
    if (answer.final) return pts;
  }
}

/** What must be zero for the rest to mean anything. */
function honesty(phases: readonly Phase[]): BenchResult[] {
  const sum = (of: (posted: Posted) => number): number =>
    phases.reduce((total, { posted }) => total + of(posted), 0);
  return [
    {
      name: 'supergroup: deliveries that did not come (must be 0)',
      value: sum(({ missing }) => missing),
      unit: 'deliveries',
    },
    {
      name: 'supergroup: double, or to somebody who has muted (must be 0)',
      value: sum(({ strays }) => strays),
      unit: 'deliveries',
    },
  ];
}
