/**
 * What each kind of fault does to a live world: to the proxies that carry its links, and to the
 * machines of its datacentres. An action resolves once the fault is in force. The scene remembers
 * what was done and undoes it in the same order: the links of a DC are back before it starts.
 */
import type { FaultKind, FaultOf } from '../plan.ts';
import type { LiveScene, StreamOf } from './live-scene.ts';
import { linkProxy, proxiesBetween, proxiesOfDc, streamsFrom, waysIn } from './names.ts';

/** These need a virtual disk: a bit of a real one is not ours to flip. */
export type NotLive = 'bit_rot' | 'torn_write' | 'wipe';
export type LiveFaultKind = Exclude<FaultKind, NotLive>;

/** Linux's least retransmission time-out. */
const RTO_MS = 200;
/** A few frames of the backbone. */
const CUT_WITHIN_BYTES = 8_192;

type Actions = {
  readonly [Kind in LiveFaultKind]: (fault: FaultOf<Kind>, scene: LiveScene) => Promise<void>;
};

export const LIVE_FAULTS: Actions = {
  async dc_loss({ dc }, scene) {
    // Cut off first: a DC that loses power says no goodbyes.
    await scene.cut(proxiesOfDc(dc, scene.dcs));
    await scene.takeDown(dc);
  },
  dc_crash: ({ dc }, scene) => scene.takeDown(dc),
  partition: ({ groups }, scene) => scene.cut(proxiesBetween(groups)),
  clients_cut: ({ dc }, scene) => scene.cut(waysIn(dc)),
  slow_link: ({ from, to, addedMs }, scene) =>
    scene.poison(streamsFrom(from, to), latency(addedMs, 0)),
  // A toxic's jitter is drawn evenly from both sides of its latency.
  jitter: ({ from, to, jitterMs }, scene) =>
    scene.poison(streamsFrom(from, to), latency(jitterMs / 2, jitterMs / 2)),
  slow_dc: ({ dc, addedMs }, scene) =>
    scene.poison(proxiesOfDc(dc, scene.dcs).flatMap(bothStreams), latency(addedMs, 0)),
  // To a TCP stream whose packets vanish nothing is lost: it stands still.
  one_way_cut: ({ from, to }, scene) =>
    scene.poison(streamsFrom(from, to), { type: 'bandwidth', attributes: { rate: 0 } }),
  // To TCP a lost packet is a stall until it is sent again; the bytes all come.
  lossy_link: ({ from, to, lossShare }, scene) =>
    scene.poison(streamsFrom(from, to), {
      type: 'retransmission',
      attributes: { loss_ppm: Math.max(1, Math.round(lossShare * 1e6)), rto_ms: RTO_MS },
    }),
  async cut_mid_frame({ a, b }, scene) {
    const extensions = await scene.extensions();
    const proxies = [linkProxy(a, b), linkProxy(b, a)];
    const { cuts } = await extensions.cut(proxies, CUT_WITHIN_BYTES);
    scene.effect(cuts);
  },
  async flapping_link({ a, b, downMs, upMs }, scene) {
    const proxies = [linkProxy(a, b), linkProxy(b, a)];
    await scene.cut(proxies);
    scene.meanwhile(async () => {
      while (await scene.rest(downMs)) {
        await scene.mend(proxies);
        if (!(await scene.rest(upMs))) return;
        await scene.cut(proxies);
      }
    });
  },
  pause: ({ dc }, scene) => scene.pause(dc),
  async rolling_restart({ pauseBetweenMs, forSeconds }, scene) {
    const { dcs, machines } = scene;
    scene.meanwhile(async () => {
      for (const [done, dc] of dcs.entries()) {
        await machines.kill(dc);
        await machines.start(dc);
        scene.effect(1);
        const isLast = done === dcs.length - 1;
        if (isLast || (await scene.rest(pauseBetweenMs))) continue;
        const count = `${done + 1} of ${dcs.length} datacentres`;
        throw new Error(`restarted ${count} in ${forSeconds} s; lengthen forSeconds`);
      }
    });
  },
  disk_slow: ({ dc, factor }, scene) => scene.trouble(dc, { diskSlowFactor: factor }),
  disk_full: ({ dc }, scene) => scene.trouble(dc, { diskFull: true }),
  clock_skew: ({ dc, ms }, scene) => scene.trouble(dc, { skewMs: ms }),
  clock_jump: ({ dc, ms }, scene) => scene.trouble(dc, { skewMs: ms }),
};

function latency(ms: number, jitterMs: number) {
  // The API takes whole milliseconds.
  const attributes = { latency: Math.round(ms), jitter: Math.round(jitterMs) };
  return { type: 'latency', attributes };
}

function bothStreams(proxy: string): StreamOf[] {
  return [
    { proxy, stream: 'upstream' },
    { proxy, stream: 'downstream' },
  ];
}
