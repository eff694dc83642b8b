/**
 * Listening: a person's WebSocket, opened again at the next datacentre when it breaks, and what
 * was missed meanwhile. In the end the whole box is looked through.
 */
import http from 'k6/http';
import { WebSocket } from 'k6/websockets';
import { dueMsOf } from './due.ts';
import {
  about,
  deliveryLatency,
  deliverySamples,
  guarded,
  scriptErrors,
  storedAt,
  warmupDelivery,
  writesDoubled,
  writesLost,
} from './script-metrics.ts';
import { type ScriptWorld, TEXT } from './script-sender.ts';

/** The part of the gateway's events that is used here. */
interface Event {
  readonly type: string;
  readonly pts?: number;
  readonly clientId?: string;
  readonly message?: { readonly id: number; readonly out: boolean; readonly text: string };
}

interface Listener {
  readonly world: ScriptWorld;
  readonly user: number;
  readonly endMs: number;
  /** pts of the box before the load; undefined until it is known. */
  basePts: number | undefined;
  /** Id in the box of every message of this run that has arrived. */
  readonly arrived: Map<number, number>;
  attempt: number;
  socket: WebSocket | undefined;
  over: boolean;
}

const PAUSE_MS = 300;
const REQUEST_MS = 5_000;
const LAST_LOOKS_MAX = 20;

/** Returns at once: sockets and timers keep the iteration of k6 going until `endMs`. */
export function listenTo(world: ScriptWorld, user: number, endMs: number): void {
  const listener: Listener = {
    ...{ world, user, endMs, basePts: undefined, arrived: new Map() },
    ...{ attempt: 0, socket: undefined, over: false },
  };
  open(listener);
  setTimeout(() => {
    listener.over = true;
    lookThrough(listener, LAST_LOOKS_MAX).then((whole) => {
      if (!whole) scriptErrors.add(1);
      listener.socket?.close();
    });
  }, endMs - Date.now());
}

/** Where the next attempt goes: home first, then round the others by nearness. */
function gatewayOf({ world, user, attempt }: Listener): string {
  const home = world.users[user]?.dc ?? 0;
  const ways = world.plan.ways[home] ?? [home];
  return world.gateways[ways[attempt % ways.length] ?? home] ?? '';
}

function headersOf({ world, user }: Listener): Record<string, string> {
  return { Authorization: `Bearer ${world.users[user]?.token}` };
}

function open(listener: Listener): void {
  if (listener.over) return;
  const url = `${gatewayOf(listener).replace(/^http/, 'ws')}/v1/events`;
  const socket = new WebSocket(url, null, { headers: headersOf(listener) });
  listener.socket = socket;
  let closed = false;
  const again = (): void => {
    if (closed || listener.over) return;
    closed = true;
    listener.attempt++;
    setTimeout(() => open(listener), PAUSE_MS);
  };
  socket.onmessage = (frame) => {
    const nowMs = Date.now();
    if (!frame) return;
    guarded(() => happened(listener, JSON.parse(String(frame.data)) as Event, nowMs));
  };
  socket.onerror = () => socket.close();
  socket.onclose = again;
}

function happened(listener: Listener, event: Event, nowMs: number): void {
  const { run } = listener.world;
  if (event.type === 'message' && event.message) arrived(listener, event.message, nowMs);
  if (event.type === 'stored' && event.clientId?.startsWith(run)) {
    const n = Number.parseInt(event.clientId.slice(run.length), 16);
    about({ n: String(n) }, () => storedAt.add(nowMs));
  }
  if (event.type === 'ready' && listener.basePts === undefined) {
    listener.basePts = event.pts;
  } else if (event.type === 'ready' || event.type === 'missed') {
    void lookThrough(listener, 1);
  }
}

function arrived(
  { world, arrived: before }: Listener,
  { id, out, text }: { readonly id: number; readonly out: boolean; readonly text: string },
  nowMs: number,
): void {
  const [, number, run, due] = TEXT.exec(text) ?? [];
  if (out || run !== world.run) return;
  const n = Number(number);
  const known = before.get(n);
  if (known !== undefined) {
    if (known !== id) writesDoubled.add(1);
    return;
  }
  before.set(n, id);
  const { plan, users, pairs } = world;
  const atMs = dueMsOf(plan.schedule, n) - plan.warmupSeconds * 1_000;
  const [from = 0, to = 0] = (pairs[n % pairs.length] ?? []).map((each) => users[each]?.dc ?? 0);
  const latencyMs = Math.max(0, nowMs - Number(due));
  const path = pathOf(world, from, to, atMs, latencyMs);
  writesLost.add(-1);
  about({ n: String(n), at: atMs.toFixed(3), id: String(id) }, () => {
    const tags = { path, dc: String(to) };
    if (atMs < 0) {
      warmupDelivery.add(latencyMs, tags);
      return;
    }
    deliveryLatency.add(latencyMs, tags);
    deliverySamples.add(1, tags);
  });
}

function pathOf(
  { plan }: ScriptWorld,
  from: number,
  to: number,
  atMs: number,
  latencyMs: number,
): string {
  const pair = `${from}-${to}`;
  const isDisturbed = plan.disturbed.some(
    ({ fromMs, toMs, pairs }) => atMs <= toMs && atMs + latencyMs >= fromMs && pairs.includes(pair),
  );
  if (isDisturbed) return 'outage';
  return from === to ? 'same_dc' : 'cross_dc';
}

/** Everything since before the load; true once it was read to its end. */
async function lookThrough(listener: Listener, looks: number): Promise<boolean> {
  for (let look = 0; look < looks; look++) {
    try {
      if (await readOn(listener)) return true;
    } catch {
      // The datacentre went away meanwhile: the next one is asked.
    }
    listener.attempt++;
    if (look + 1 < looks) await new Promise<void>((resolve) => setTimeout(resolve, PAUSE_MS));
  }
  return false;
}

async function readOn(listener: Listener): Promise<boolean> {
  let after = listener.basePts;
  if (after === undefined) return false;
  for (;;) {
    const url = `${gatewayOf(listener)}/v1/updates?after=${after}`;
    const params = { headers: headersOf(listener), timeout: REQUEST_MS };
    const { status, body } = await http.asyncRequest('GET', url, null, params);
    if (status !== 200) return false;
    const nowMs = Date.now();
    const page = JSON.parse(String(body)) as {
      readonly events: readonly Event[];
      readonly pts: number;
      readonly more: boolean;
    };
    for (const { type, message } of page.events) {
      if (type === 'missed') return false;
      if (type === 'message' && message) arrived(listener, message, nowMs);
    }
    if (!page.more) return true;
    after = page.pts;
  }
}
