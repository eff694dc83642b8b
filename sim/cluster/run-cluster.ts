/**
 * One run of the cluster world: five datacentres, their users, a load, a fault plan, and at the
 * end the comparison of every box with what clients were told. Everything follows from the input.
 */
import type { Fault, FaultRecord } from '../../chaos/plan.ts';
import type { ProvisionedAccount } from '../../system-under-test/datacenter/provision.ts';
import { type AuthKey, authKeyId } from '../../system-under-test/mtproto/auth-key.ts';
import type { MtprotoCrypto } from '../../system-under-test/mtproto/crypto.ts';
import { dcIds, type Topology } from '../../system-under-test/topology.ts';
import { keyOfSeed } from '../core/seed.ts';
import { randomStream } from '../core/streams.ts';
import { Crowd, type CrowdPerson, type DueMessage } from '../users/crowd.ts';
import { DisturbanceTracker } from '../users/disturbance-tracker.ts';
import type { Disturbance } from '../users/measure.ts';
import type { Workload } from '../users/workload.ts';
import { runFaults } from './faults.ts';
import { type HomeMove, HomeMoves } from './home-moves.ts';
import { findSecrets, QueueWatch, secretInLine } from './invariants.ts';
import { clientAddress, userNode, VirtualCluster } from './virtual-cluster.ts';
import { VirtualLoop, VirtualLoopError } from './virtual-loop.ts';
import { createVirtualRandomness } from './virtual-randomness.ts';
import type { DiskCharacter } from './virtual-store.ts';

export interface ClusterRunInput {
  readonly topology: Topology;
  readonly people: readonly CrowdPerson[];
  readonly messages: readonly DueMessage[];
  /** What they do besides. Default: nothing. */
  readonly workload?: Workload;
  readonly warmupSeconds: number;
  readonly windowSeconds: number;
  readonly faults: readonly Fault[];
  /** Users whose home is moved meanwhile. Default: none. */
  readonly moves?: readonly HomeMove[];
  readonly seed: string;
  readonly crypto: MtprotoCrypto;
  readonly disk?: DiskCharacter;
  /** Every device opens a chat so often and checks that it is shown nothing old. */
  readonly lookEveryMs?: number;
  readonly signal?: AbortSignal;
  /** Aborted (in `onSecond`): every fault heals now, and no other strikes. */
  readonly rollBack?: AbortSignal;
  /** Aborted (in `onSecond`): as `rollBack`, and the run ends there; boxes are not compared. */
  readonly endNow?: AbortSignal;
  readonly progress?: (phase: string, done: number, text: string) => void;
  /** Called every virtual second of the window and the drain, `atSeconds` from its start. */
  readonly onSecond?: (atSeconds: number, cluster: VirtualCluster, crowd: Crowd) => void;
  /** The load starts now: who wants to look on while it goes on. */
  readonly onLoad?: (crowd: Crowd, tracker: DisturbanceTracker) => void;
  readonly onLag?: (lagMs: number, atSeconds: number) => void;
  /** End as soon as a promise is seen broken: what comes after adds nothing for a fuzzer. */
  readonly stopAtViolation?: boolean;
  /** Events after which the run counts as a runaway; default: the loop's own limit. */
  readonly eventsMax?: number;
  readonly observer?: ClusterObserver;
}

/** Follows a run without taking part: it must schedule nothing and draw nothing. */
export interface ClusterObserver {
  /** Before anything happens in the virtual world. */
  built(world: { readonly loop: VirtualLoop; readonly crowd: Crowd }): void;
  /** The measured window begins now. */
  windowStarts(): void;
  crashed(dc: number): void;
  /** The DC was told to start again; it serves a moment later. */
  restarting(dc: number): void;
  /** A log line of a DC. */
  log(dc: number, event: string, fields: Readonly<Record<string, string | number | boolean>>): void;
  /** Every quarter of a virtual second, and after each of the comparisons at the end. */
  look(cluster: VirtualCluster): void;
}

export interface ClusterRun {
  readonly crowd: Crowd;
  readonly faults: readonly FaultRecord[];
  readonly disturbances: readonly Disturbance[];
  /** 32 hex digits over every event of the run and every box at its end. */
  readonly digest: string;
  readonly virtualSeconds: number;
  readonly events: number;
  /** Not everything was settled when the time to wait was up. */
  readonly unsettled: number;
  /** What that was, in words. */
  readonly waiting: readonly string[];
  /** Homes that were moved. */
  readonly moves: number;
  /** Virtual time at which the first violation was seen, from the start of the world. */
  readonly violatedAtSeconds: number | undefined;
}

/** Virtual time after the window in which everything must have settled. */
export const SETTLE_SECONDS = 120;
const CHECK_MS = 250;
/** Virtual time after that in which replicas that are behind must come on, if only by a record. */
const REPLICATE_SECONDS = 30;
/** However slow their disks are, they must be there by then. */
const REPLICATE_SECONDS_MAX = 600;

/** Rejects with the signal's reason, or with `VirtualLoopError`: when, and under which seed. */
export async function runCluster(input: ClusterRunInput): Promise<ClusterRun> {
  const { seed, eventsMax, signal } = input;
  const loop = new VirtualLoop({ seed, ...(eventsMax === undefined ? {} : { eventsMax }) });
  try {
    return await runIn(loop, input);
  } catch (error) {
    if (signal?.aborted || error instanceof VirtualLoopError) throw error;
    throw new VirtualLoopError((error as Error).message, seed, loop.nowMs(), error);
  }
}

async function runIn(loop: VirtualLoop, input: ClusterRunInput): Promise<ClusterRun> {
  const { topology, people, seed, crypto, observer } = input;
  const key = keyOfSeed(seed);
  const random = (name: string, index = 0) =>
    createVirtualRandomness(randomStream(key, name, index));
  const cluster = new VirtualCluster({
    loop,
    topology,
    crypto,
    // Who travels is near the DC that serves them, not near home.
    homeOfUser: (index) => people[index]?.connectsTo ?? people[index]?.homeDc ?? 0,
    ...(input.disk ? { disk: input.disk } : {}),
    logOf: (dc) => ({
      write: (_level, event, fields = {}) => {
        observer?.log(dc, event, fields);
        if (!secretInLine(JSON.stringify([event, fields]), secrets)) return;
        crowd.ledger.broken('secret', `DC ${dc} wrote an auth key to its log, in ${event}`);
      },
    }),
  });
  const keys = people.map((person) => provisionedKey(crypto, random('auth key', person.index)));
  const secondKeys = people.map(({ index, secondDevice }) =>
    secondDevice ? provisionedKey(crypto, random('second auth key', index)) : undefined,
  );
  const secrets = [...keys, ...secondKeys].flatMap((key) => (key ? [key.key] : []));
  const homes = people.map(({ homeDc }) => homeDc);
  const userIdOf = (index: number): number | undefined =>
    userIds.get(homes[index] ?? 0)?.[rankAtHome(people, index)];
  const userIds = await loop.settle(cluster.start(accountsOf(people, keys, secondKeys)));
  await loop.run(() => cluster.linked);
  const clock = loop.clockFor('crowd');
  const crowd: Crowd = new Crowd({
    people,
    messages: input.messages,
    warmupMs: input.warmupSeconds * 1000,
    topology,
    addresses: new Map(dcIds(topology).map((dc) => [dc, clientAddress(dc)])),
    clock,
    networkOf: (index) => cluster.network.forNode(userNode(index)),
    randomnessOf: (index, device) => random(device === 0 ? 'device' : 'second device', index),
    crypto,
    rsaPublicKeys: [],
    authorizationOf: (index, device) => {
      const userId = userIdOf(index);
      const authKey = (device === 0 ? keys : secondKeys)[index];
      return authKey && userId !== undefined ? { key: authKey, userId } : undefined;
    },
    signInsAtOnce: 64,
    ...(input.workload === undefined ? {} : { workload: input.workload }),
    ...(input.lookEveryMs === undefined ? {} : { lookEveryMs: input.lookEveryMs }),
  });
  const queues = new QueueWatch(crowd.ledger);
  observer?.built({ loop, crowd });
  const tell = input.progress ?? (() => {});
  await loop.settle(crowd.arrive((done, text) => tell('arrive', done, text)));

  const tracker = new DisturbanceTracker(crowd);
  let records: () => FaultRecord[] = () => [];
  let stopFaults = (): void => {};
  const homeMoves = new HomeMoves(loop, cluster, homes, userIdOf);
  crowd.startLoad();
  input.onLoad?.(crowd, tracker);
  const windowStart = clock.monotonicMs() + input.warmupSeconds * 1000;
  if (input.onLag) {
    const { onLag } = input;
    crowd.onLag = (lagMs, dueMs) => onLag(lagMs, (dueMs - windowStart) / 1000);
  }
  loop.schedule(input.warmupSeconds * 1000, 'window', 'starts', () => {
    observer?.windowStarts();
    const run = runFaults({ faults: input.faults }, loop, cluster.network, {
      crash: (dc) => {
        cluster.crash(dc);
        observer?.crashed(dc);
      },
      restart: (dc) => {
        cluster.restart(dc);
        observer?.restarting(dc);
      },
      dcOf: (node) => cluster.dcOf(node),
      machines: cluster.machineTargets,
    });
    homeMoves.start(input.moves ?? []);
    records = () => run.records();
    stopFaults = () => run.stop();
    for (const fault of input.faults) {
      clock.after(fault.atSeconds * 1000, () => {
        if (!input.rollBack?.aborted) tracker.struck(fault, clock.monotonicMs());
      });
      const healAt = (fault.atSeconds + fault.forSeconds) * 1000;
      clock.after(healAt, () => tracker.healed(fault, clock.monotonicMs()));
    }
  });

  let violatedAtSeconds: number | undefined;
  /** True when the run may end here. */
  const look = (): boolean => {
    observer?.look(cluster);
    queues.look(cluster, dcIds(topology));
    if (crowd.ledger.violations.length === 0) return false;
    violatedAtSeconds ??= loop.nowMs() / 1000;
    return input.stopAtViolation === true;
  };
  const totalMs = (input.warmupSeconds + input.windowSeconds) * 1000;
  const startMs = loop.nowMs();
  const deadlineMs = startMs + totalMs + SETTLE_SECONDS * 1000;
  for (let step = 1; ; step++) {
    const untilMs = startMs + step * CHECK_MS;
    await loop.run(untilMs);
    input.signal?.throwIfAborted();
    tracker.check(clock.monotonicMs());
    const broken = look();
    const elapsedMs = step * CHECK_MS;
    const atSeconds = elapsedMs / 1000 - input.warmupSeconds;
    if (elapsedMs % 1000 === 0 && atSeconds >= 0) input.onSecond?.(atSeconds, cluster, crowd);
    if (input.rollBack?.aborted || input.endNow?.aborted) {
      stopFaults();
      tracker.allHealed(clock.monotonicMs());
    }
    if (input.endNow?.aborted) break;
    if (elapsedMs % 1000 === 0) {
      const shown = crowd.ledger.entries.length;
      tell('load', Math.min(1, elapsedMs / totalMs), `${shown} messages at ${atSeconds} s`);
    }
    if (broken) break;
    const windowOver = elapsedMs >= totalMs;
    if (windowOver && crowd.settled && tracker.open === 0 && homeMoves.settled) break;
    if (untilMs >= deadlineMs) break;
  }
  stopFaults();
  const disturbances = tracker.finish(clock.monotonicMs());
  const waiting = [...crowd.waiting(), ...(homeMoves.settled ? [] : ['the move of a home'])];
  homeMoves.stop();
  const whole = input.endNow?.aborted !== true;
  if (!look() && whole) {
    tell('audit', 1, 'comparing every box with what clients were told');
    await auditBoxes(loop, crowd);
  }
  if (!look() && whole) {
    await compareReplicas(loop, cluster, crowd, records());
    for (const [dc, disk] of cluster.disks()) {
      const found = findSecrets(dc, disk, secrets);
      if (found !== undefined) crowd.ledger.broken('secret', found);
    }
    look();
  }
  for (const entry of crowd.ledger.entries) {
    loop.note('delivered', entry.deliveredId ?? 0);
  }
  const run: ClusterRun = {
    crowd,
    faults: records(),
    disturbances,
    digest: loop.traceDigest,
    virtualSeconds: loop.nowMs() / 1000,
    events: loop.events,
    unsettled: waiting.length,
    waiting,
    moves: homeMoves.done,
    violatedAtSeconds,
  };
  crowd.stop();
  for (const dc of dcIds(topology)) cluster.crash(dc);
  return run;
}

/** Reading all boxes is tried so often, after so long a pause. */
const AUDITS_MAX = 5;
const AUDIT_AGAIN_MS = 5_000;

/** A device may lose its connection while it reads: then everything is read again. */
async function auditBoxes(loop: VirtualLoop, crowd: Crowd): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await loop.settle(crowd.audit(() => {}));
      return;
    } catch (error) {
      if (error instanceof VirtualLoopError || attempt === AUDITS_MAX) throw error;
      await loop.run(loop.nowMs() + AUDIT_AGAIN_MS);
    }
  }
}

/** Faults that damage values at rest. */
const ROTS: ReadonlySet<Fault['kind']> = new Set(['bit_rot', 'torn_write']);

/** Once everything has healed, every copy of a domain must be the domain, byte for byte. */
async function compareReplicas(
  loop: VirtualLoop,
  cluster: VirtualCluster,
  crowd: Crowd,
  faults: readonly FaultRecord[],
): Promise<void> {
  // Nobody may have read what rotted. What differs without being damaged is left as it is.
  if (faults.some(({ fault }) => ROTS.has(fault.kind))) await loop.settle(cluster.mendDamage());
  const giveUpMs = loop.nowMs() + REPLICATE_SECONDS_MAX * 1000;
  for (let before = -1; !cluster.replicated && before !== cluster.recordsApplied; ) {
    before = cluster.recordsApplied;
    const deadlineMs = Math.min(giveUpMs, loop.nowMs() + REPLICATE_SECONDS * 1000);
    await loop.run(() => cluster.replicated || loop.nowMs() >= deadlineMs);
    if (loop.nowMs() >= giveUpMs) break;
  }
  if (!cluster.replicated) {
    crowd.ledger.replicaDiffers(`replicas stood still behind for ${REPLICATE_SECONDS} s of calm`);
  }
  for (const text of cluster.replicaDifferences()) crowd.ledger.replicaDiffers(text);
}

/** A key as a key exchange would have left it, drawn from the seed. */
function provisionedKey(
  crypto: MtprotoCrypto,
  randomness: { bytes(count: number): Uint8Array },
): AuthKey {
  const key = randomness.bytes(256);
  return { id: authKeyId(crypto, key), key, firstSalt: randomness.bytes(8), createdAtMs: 0 };
}

function accountsOf(
  people: readonly CrowdPerson[],
  keys: readonly AuthKey[],
  secondKeys: readonly (AuthKey | undefined)[],
): Map<number, ProvisionedAccount[]> {
  const accounts = new Map<number, ProvisionedAccount[]>();
  people.forEach((person, index) => {
    const key = keys[index];
    if (!key) return;
    const list = accounts.get(person.homeDc) ?? [];
    const second = secondKeys[index];
    const moreKeys = second ? [second] : [];
    list.push({ phone: person.phone, firstName: person.name, key, moreKeys });
    accounts.set(person.homeDc, list);
  });
  return accounts;
}

/** How many people of the same home come before this one. */
function rankAtHome(people: readonly CrowdPerson[], index: number): number {
  const home = people[index]?.homeDc;
  let rank = 0;
  for (let before = 0; before < index; before++) if (people[before]?.homeDc === home) rank++;
  return rank;
}
