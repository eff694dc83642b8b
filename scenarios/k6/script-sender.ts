/** Sending: one message an iteration, tried until some datacentre has acknowledged it. */
import { sleep } from 'k6';
import http from 'k6/http';
import type { K6Data, K6User } from './data.ts';
import { dueMsOf } from './due.ts';
import type { ScriptPlan } from './plan.ts';
import {
  about,
  ackLatency,
  ackSamples,
  generatorLag,
  messagesGivenUp,
  scriptErrors,
  warmupAck,
  windowStart,
  writesDoubled,
  writesLost,
} from './script-metrics.ts';

export interface ScriptWorld extends Omit<K6Data, 'users' | 'pairs'> {
  readonly plan: ScriptPlan;
  /** 8 hex digits: tells the messages of one run from those of another in the same boxes. */
  readonly run: string;
  readonly users: readonly K6User[];
  readonly pairs: readonly (readonly [number, number])[];
}

export interface Message {
  readonly n: number;
  /** Unix ms. */
  readonly dueMs: number;
  /** Milliseconds after the start of the window; below 0 in the warm-up. */
  readonly atMs: number;
  readonly sender: K6User;
  readonly recipient: K6User;
}

/** What a text carries in front: number, run, and when it was due. */
export const TEXT = /^q(\d+) ([0-9a-f]{8}) (\d+(?:\.\d+)?) /;

/** Message `n` of the load that began at `startMs`. */
export function messageOf(world: ScriptWorld, n: number, startMs: number): Message {
  const { plan, users, pairs } = world;
  const afterMs = dueMsOf(plan.schedule, n);
  const [from, to] = pairs[n % pairs.length] ?? [0, 0];
  const sender = users[from];
  const recipient = users[to];
  if (!sender || !recipient) throw new Error(`message ${n} is of nobody`);
  const atMs = afterMs - plan.warmupSeconds * 1_000;
  return { n, dueMs: startMs + afterMs, atMs, sender, recipient };
}

const PAUSE_SECONDS = 0.3;
const REQUEST_MS = 5_000;
const STORED = 201;
const QUEUED = 202;
const TOO_MANY = 429;

export function sendUntilAcknowledged(
  world: ScriptWorld,
  message: Message,
  withinMs: number,
): void {
  const { n, dueMs, atMs, sender } = message;
  const metadata = { n: String(n), at: atMs.toFixed(3) };
  const sentMs = Date.now();
  about(metadata, () => generatorLag.add(Math.max(0, sentMs - dueMs)));
  // So that a run without any has them all the same: k6 passes what it has never seen.
  for (const counter of [writesLost, writesDoubled, messagesGivenUp, scriptErrors]) counter.add(0);
  if (n === 0) windowStart.add(dueMs - atMs);
  const ways = world.plan.ways[sender.dc] ?? [sender.dc];
  for (let attempt = 0; ; attempt++) {
    const status = post(world, message, ways[attempt % ways.length] ?? sender.dc);
    if (status === STORED || status === QUEUED) {
      writesLost.add(1);
      about(metadata, () => acknowledged(message, status === QUEUED ? 'queued' : 'stored'));
      return;
    }
    const isRefused = status >= 400 && status < 500 && status !== TOO_MANY && status !== 401;
    if (isRefused || Date.now() - sentMs > withinMs) {
      messagesGivenUp.add(1);
      if (!isRefused) writesLost.add(1); // nobody knows what became of it
      return;
    }
    sleep(PAUSE_SECONDS);
  }
}

function acknowledged({ dueMs, atMs, sender }: Message, ack: 'stored' | 'queued'): void {
  const latencyMs = Math.max(0, Date.now() - dueMs);
  const tags = { ack, dc: String(sender.dc) };
  if (atMs < 0) {
    warmupAck.add(latencyMs, tags);
    return;
  }
  ackLatency.add(latencyMs, tags);
  ackSamples.add(1, tags);
}

/** The status, 0 where nobody answered. The same clientId every time: exactly once. */
function post(world: ScriptWorld, { n, dueMs, sender, recipient }: Message, dc: number): number {
  const clientId = world.run + n.toString(16).padStart(8, '0');
  const text = `q${n} ${world.run} ${dueMs.toFixed(3)} `.padEnd(world.plan.textBytes, 'k6 ');
  const url = `${world.gateways[dc]}/v1/chats/${recipient.chat}/messages`;
  const headers = {
    'Content-Type': 'application/json',
    Authorization: `Bearer ${sender.token}`,
  };
  const body = JSON.stringify({ clientId, text });
  return http.post(url, body, { headers, timeout: REQUEST_MS, responseType: 'none' }).status;
}
