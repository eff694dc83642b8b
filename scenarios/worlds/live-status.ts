/** What a live world asks its five datacentres: links, backlogs, delays, CPU. */
import type { LiveCluster } from '../../system-under-test/live/live-cluster.ts';
import { pause } from './live-waiting.ts';

const LINKS_UP_MS = 15_000;
const LOOK_MS = 50;

/** Every DC has a link to every other; rejects when that takes too long. */
export async function linksUp(
  cluster: LiveCluster,
  dcs: readonly number[],
  signal: AbortSignal,
): Promise<void> {
  const deadline = performance.now() + LINKS_UP_MS;
  for (;;) {
    const all = await Promise.all(dcs.map((dc) => cluster.status(dc)));
    if (all.every((status) => status?.linksUp.length === dcs.length - 1)) return;
    if (performance.now() > deadline) throw new Error('the backbone links did not come up');
    await pause(LOOK_MS, signal);
  }
}

/** An answer later than this is not waited for: a process may be stuck, and looks must go on. */
const ANSWER_MS = 50;

/** Asks for backlogs again and again, and tells each answer. */
export class BacklogWatch {
  readonly #cluster: LiveCluster;
  readonly #dcs: readonly number[];
  readonly #answered: (dc: number, waiting: number) => void;
  #asked: Promise<void> | undefined;
  /** Of all datacentres, by the latest answer. */
  waiting = 0;

  constructor(
    cluster: LiveCluster,
    dcs: readonly number[],
    answered: (dc: number, waiting: number) => void,
  ) {
    this.#cluster = cluster;
    this.#dcs = dcs;
    this.#answered = answered;
  }

  /** Resolves with the answer, or a little later without: then it is told when it comes. */
  async look(signal: AbortSignal): Promise<void> {
    this.#asked ??= this.#ask().finally(() => {
      this.#asked = undefined;
    });
    await Promise.race([this.#asked, pause(ANSWER_MS, signal)]);
  }

  async #ask(): Promise<void> {
    const sums = await backlogs(this.#cluster, this.#dcs);
    this.waiting = 0;
    for (const [dc, count] of sums) {
      this.#answered(dc, count);
      this.waiting += count;
    }
  }
}

/** Writes that wait anywhere, by the DC that they wait for. */
export async function backlogs(
  cluster: LiveCluster,
  dcs: readonly number[],
): Promise<Map<number, number>> {
  const sums = new Map(dcs.map((dc) => [dc, 0]));
  for (const status of await Promise.all(dcs.map((dc) => cluster.status(dc)))) {
    for (const [to, count] of Object.entries(status?.backlog ?? {})) {
      sums.set(Number(to), (sums.get(Number(to)) ?? 0) + count);
    }
  }
  return sums;
}

/** How late the event loop of each DC ran, p99. */
export async function loopDelays(
  cluster: LiveCluster,
  dcs: readonly number[],
): Promise<(readonly [dc: number, p99Ms: number])[]> {
  const all = await Promise.all(dcs.map((dc) => cluster.status(dc)));
  return all.flatMap((status) => (status ? [[status.dc, status.loopDelayP99Ms] as const] : []));
}

/** CPU time of all DCs so far, µs. */
export async function cpuOf(cluster: LiveCluster, dcs: readonly number[]): Promise<number> {
  const all = await Promise.all(dcs.map((dc) => cluster.status(dc)));
  return all.reduce((sum, status) => sum + (status?.cpuMicros ?? 0), 0);
}
