/**
 * The model world at flow fidelity: the whole planet as rates, second by second, for a day or a
 * year in seconds. `run --fidelity flow` takes it instead of worlds/model.ts.
 */
import { setImmediate } from 'node:timers/promises';
import { Measurements } from '../../reports/measurements.ts';
import { SECONDS_PER_DAY, secondsOfDay } from '../../sim/core/virtual-time.ts';
import { type FlowProgress, type FlowResult, runFlow } from '../../sim/model/flow/flow.ts';
import { postsOf } from '../../sim/model/flow/post-plan.ts';
import { DEFAULT_FLOW_SETTINGS } from '../../sim/model/flow/settings.ts';
import { BEHIND_US_MAX } from '../../sim/model/hubs/pool.ts';
import { DEFAULT_SERVICE_TIMES, serviceNote } from '../../sim/model/service-times.ts';
import { UNKNOWN_TO_MODEL } from '../../sim/traffic/conversations.ts';
import { loadOf } from '../../sim/traffic/scenario-load.ts';
import { modelBudget } from '../latency-budget.ts';
import { loadInput } from '../load-input.ts';
import type { World } from './world.ts';

export const run: World = async (scenario, options) => {
  const { seed, signal, progress } = options;
  const service = options.service ?? DEFAULT_SERVICE_TIMES;
  const startedMs = performance.now();
  const { topology, traffic, window, faults } = scenario;
  const measurements = new Measurements({ windowSeconds: window.seconds });
  const load = loadOf(loadInput(scenario, seed));
  const { storage } = DEFAULT_FLOW_SETTINGS;
  const result = await runFlow({
    ...{ topology, faults, seed, measurements, signal },
    load: load.background,
    posts: postsOf(load, traffic, secondsOfDay(window.fromUtc), service),
    requestsAt: (second, out) => load.requestsAt(second, out),
    recipientShares: load.mixing,
    textBytes: traffic.textBytes,
    windowSeconds: window.seconds,
    service,
    settings: {
      ...DEFAULT_FLOW_SETTINGS,
      storage: { ...storage, mediaBytes: traffic.mediaBytes },
    },
    onProgress: (report) => progress({ phase: 'seconds', ...progressOf(report, window.seconds) }),
    breathe: () => setImmediate(),
  });
  const latencyBudget = modelBudget(scenario, load, service);
  return {
    world: 'model',
    measurements,
    digest: result.digest,
    messages: result.messages,
    wallSeconds: (performance.now() - startedMs) / 1000,
    faults: result.faults,
    voidReasons: leftWaiting(result),
    notes: [
      ...[...fullStations(measurements), ...notesOf(result), ...postNotes(result)],
      ...(traffic.conversations ? [UNKNOWN_TO_MODEL] : []),
      ...load.notes,
    ],
    ...(latencyBudget ? { latencyBudget } : {}),
    notJudged: {
      order_violations: 'a flow has no single messages, so no order of them',
      post_last_delivery: 'a flow has no single posts, so no last device of one',
    },
  };
};

function progressOf(
  { done, second, messages }: FlowProgress,
  windowSeconds: number,
): { readonly done: number; readonly text: string } {
  const billions = `${(messages / 1e9).toFixed(1)}B messages`;
  const days = Math.ceil(windowSeconds / SECONDS_PER_DAY);
  if (days === 1) return { done, text: `${billions}, second ${Math.floor(second)}` };
  const day = Math.min(days, Math.floor(second / SECONDS_PER_DAY) + 1);
  return { done, text: `${billions}, day ${day} of ${days}` };
}

/** Of what served devices: a log that is always syncing takes all the more at a time. */
const FULL_STATIONS = ['front', 'router', 'delivery', 'media', 'link', 'fan_out'];
const FULL = 0.999;

/** Which stations had more to do than they could, and how much waited there at most. */
function fullStations(measurements: Measurements): string[] {
  const full = measurements.recorded().flatMap(({ metric, tags }) => {
    if (metric !== 'utilisation' || !FULL_STATIONS.includes(tags['station']!)) return [];
    if (measurements.summary('utilisation', tags)!.max < FULL) return [];
    const waiting = measurements.summary('queue_depth', tags)?.max ?? 0;
    return [`${tags['station']} of DC ${tags['dc']} (${Math.round(waiting)} waited)`];
  });
  return full.length === 0 ? [] : [`full at some time: ${full.join(', ')}`];
}

/** Nobody knows what becomes of messages that a day could not drain. */
function leftWaiting({ leftWaiting: n }: FlowResult): string[] {
  return n > 0.5 ? [`${Math.round(n)} messages still waited a day after the window`] : [];
}

/** Posts: what pushes them, and what did not fit. */
function postNotes({ plan, posts, dcs }: FlowResult): string[] {
  if (plan.posts === undefined || posts?.measured !== true) return [];
  const cores = plan.posts.fanOutCores.map((n, dc) => `${n} at DC ${dcs[dc]}`).join(', ');
  const notes = [
    `posts of supergroups and channels are in post_latency, not in delivery_latency; cores that ` +
      `push them: ${cores} (assumed: half busy with the messenger mix at its busiest)`,
  ];
  dcs.forEach((id, dc) => {
    const [behindUs, leftOut] = [posts.behindUs[dc]!, Math.round(posts.leftOut[dc]!)];
    if (behindUs >= 1e6) {
      const seconds = Math.round(behindUs / 1e6);
      notes.push(`the cores that push at DC ${id} were up to ${seconds} s behind`);
    }
    if (leftOut > 0) {
      const minutes = BEHIND_US_MAX / 6e7;
      notes.push(`${leftOut} pushes at DC ${id} were left out: more than ${minutes} min behind`);
    }
  });
  return notes;
}

function notesOf({ plan, steps, stored, usd, botCalls }: FlowResult): string[] {
  const { coreMonth, flashGbMonth, diskGbMonth, backboneGb } = plan.settings.prices;
  const terabytes = (bytes: number): string => `${(bytes / 1e12).toFixed(2)} TB`;
  const notes = [
    'flow fidelity: rates, not messages. Counts are exact; latencies are estimates (mean and ' +
      'variance of each second as a lognormal law), their maxima are the 99.9995th percentile',
    `${steps.steady} steady seconds, ${steps.disturbed} steps with something out or waiting`,
    `stored: ${terabytes(stored.textBytes)} of text at every datacentre, ` +
      `${terabytes(stored.mediaBytes)} of files in ${plan.settings.storage.mediaCopies} copies`,
    `cost: $${Math.round(usd)} at list prices ($${coreMonth} a core and month, $${flashGbMonth} ` +
      `and $${diskGbMonth} a GB and month of flash and disk, $${backboneGb} a GB between ` +
      `datacentres), without memory, Internet traffic and staff`,
    `${serviceNote(plan.service)}; what flow adds is in sim/model/flow/settings.ts`,
    'files load the media servers and the disks, not the links of messages',
  ];
  if (botCalls > 0) notes.push(`${botCalls} of the messages are bot calls`);
  return notes;
}
