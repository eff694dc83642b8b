/**
 * What k6 runs: people listen on WebSockets of the gateway, messages are sent by REST at their
 * times, and a message's latency counts from when it was due until its recipient's socket has it.
 * Bundled by bundle.ts, which puts the plan in; users and tokens come from a file.
 */

import { sleep } from 'k6';
import { SharedArray } from 'k6/data';
import exec from 'k6/execution';
import type { Options } from 'k6/options';
import type { K6Data } from './data.ts';
import { RATE_UNIT_SECONDS } from './due.ts';
import type { ScriptPlan } from './plan.ts';
import { listenTo } from './script-listener.ts';
import { guarded } from './script-metrics.ts';
import { messageOf, sendUntilAcknowledged } from './script-sender.ts';
import { summaryText } from './script-summary.ts';

declare const QUINCUNX_PLAN: ScriptPlan;
const plan = QUINCUNX_PLAN;

const file = __ENV['QUINCUNX_DATA'] ?? './data.json';
const read = (): K6Data => JSON.parse(open(file)) as K6Data;
/** Each is kept once for all VUs. */
const users = new SharedArray('users', () => [...read().users]);
const pairs = new SharedArray('pairs', () => [...read().pairs]);
const [gateways] = new SharedArray('gateways', () => [read().gateways]);
if (!gateways) throw new Error(`${file} names no gateways`);
const world = { plan, users, pairs, gateways };

const loadSeconds = plan.warmupSeconds + plan.windowSeconds;
const listenSeconds = plan.connectSeconds + loadSeconds + plan.drainSeconds;
/** The last look into every box, and what k6 needs to end. */
const GRACE_SECONDS = 60;
/** A message is tried again so long, then given up. */
const SEND_SECONDS_MAX = 30;

const { schedule } = plan;
const timeUnit = `${RATE_UNIT_SECONDS}s`;
const sending = {
  exec: 'send',
  startTime: `${plan.connectSeconds}s`,
  timeUnit,
  preAllocatedVUs: plan.senders,
  maxVUs: plan.senders,
  gracefulStop: `${SEND_SECONDS_MAX}s`,
};

export const options: Options = {
  scenarios: {
    listeners: {
      executor: 'shared-iterations',
      exec: 'listen',
      vus: plan.listeners,
      iterations: plan.listeners,
      maxDuration: `${listenSeconds + GRACE_SECONDS}s`,
    },
    senders: schedule.constant
      ? {
          ...sending,
          executor: 'constant-arrival-rate',
          rate: schedule.startRate,
          duration: `${loadSeconds}s`,
        }
      : {
          ...sending,
          executor: 'ramping-arrival-rate',
          startRate: schedule.startRate,
          stages: schedule.stages.map(({ seconds, rate }) => ({
            target: rate,
            duration: `${seconds}s`,
          })),
        },
  },
  thresholds: Object.fromEntries(
    Object.entries(plan.thresholds).map(([key, all]) => [key, [...all]]),
  ),
  // Only what thresholds and reports use: each further tag of each request costs memory.
  systemTags: ['scenario', 'status', 'error_code'],
  summaryTrendStats: ['avg', 'min', 'med', 'p(90)', 'p(99)', 'p(99.9)', 'max'],
  discardResponseBodies: false,
};

interface Shared {
  readonly run: string;
}

/**
 * Waits for the moment that the harness has set, so that faults and load have one clock. Gives the
 * run a name; runners on several machines are told a common one.
 */
export function setup(): Shared {
  const startAtMs = Number(__ENV['QUINCUNX_START_MS'] ?? 0);
  const waitSeconds = (startAtMs - Date.now()) / 1_000 - plan.connectSeconds;
  if (waitSeconds > 0) sleep(waitSeconds);
  const drawn = 1 + Math.floor(Math.random() * 0xfffffffe);
  return { run: __ENV['QUINCUNX_RUN'] ?? drawn.toString(16).padStart(8, '0') };
}

/** One VU holds the sockets of every `plan.listeners`-th person. */
export function listen({ run }: Shared): void {
  const first = exec.scenario.iterationInTest;
  const endMs = exec.scenario.startTime + listenSeconds * 1_000;
  guarded(() => {
    for (let user = first; user < users.length; user += plan.listeners) {
      listenTo({ ...world, run }, user, endMs);
    }
  });
}

export function send({ run }: Shared): void {
  guarded(() => {
    const own = { ...world, run };
    const message = messageOf(own, exec.scenario.iterationInTest, exec.scenario.startTime);
    sendUntilAcknowledged(own, message, SEND_SECONDS_MAX * 1_000);
  });
}

export function handleSummary(data: unknown): Record<string, string> {
  const text = summaryText(data, plan);
  const summary = __ENV['QUINCUNX_SUMMARY'];
  return summary ? { stdout: text, [summary]: JSON.stringify(data) } : { stdout: text };
}
