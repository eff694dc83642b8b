/**
 * Writes down what happens in one run, for the timeline. Takes no part in the run: a recorded world
 * has the same digest as the same world without.
 */
import { describeFault, type Fault } from '../../../chaos/plan.ts';
import type {
  DeviceConnection,
  LifeStep,
  LinkDown,
  Timeline,
  TimelineFault,
} from '../../../reports/timeline.ts';
import { dcIds, type Topology } from '../../../system-under-test/topology.ts';
import type { Crowd } from '../../users/crowd.ts';
import type { ClusterObserver } from '../run-cluster.ts';
import type { VirtualLoop } from '../virtual-loop.ts';
import { brokenPromise } from './facts.ts';
import type { Failure } from './run-world.ts';
import type { FuzzWorld } from './world.ts';

export class RunRecorder implements ClusterObserver {
  readonly #world: FuzzWorld;
  readonly #topology: Topology;
  #loop: VirtualLoop | undefined;
  #crowd: Crowd | undefined;
  #startMs = 0;
  readonly #lives: LifeStep[] = [];
  /** Until the first line of a life: the DC that has started and not said anything. */
  readonly #starting = new Set<number>();
  /** "from/to" of links that are down, since when. */
  readonly #down = new Map<string, number>();
  readonly #linksDown: LinkDown[] = [];
  readonly #connected = new Map<number, { readonly dc: number; readonly since: number }>();
  readonly #connections: DeviceConnection[] = [];

  constructor(world: FuzzWorld, topology: Topology) {
    this.#world = world;
    this.#topology = topology;
  }

  built({ loop, crowd }: { readonly loop: VirtualLoop; readonly crowd: Crowd }): void {
    this.#loop = loop;
    this.#crowd = crowd;
  }

  windowStarts(): void {
    this.#startMs = this.#loop?.nowMs() ?? 0;
    this.look();
  }

  crashed(dc: number): void {
    this.#lives.push({ dc, step: 'crashed', atSeconds: this.#now });
    for (const other of dcIds(this.#topology)) if (other !== dc) this.#linkDown(dc, other);
  }

  restarting(dc: number): void {
    this.#lives.push({ dc, step: 'told to start', atSeconds: this.#now });
    this.#starting.add(dc);
  }

  log(
    dc: number,
    event: string,
    fields: Readonly<Record<string, string | number | boolean>>,
  ): void {
    if (this.#starting.delete(dc)) this.#lives.push({ dc, step: 'serves', atSeconds: this.#now });
    const to = Number(fields['to']);
    if (event === 'link_down') this.#linkDown(dc, to);
    if (event === 'link_up') this.#linkUp(`${dc}/${to}`);
  }

  look(): void {
    for (const user of this.#crowd?.users ?? []) {
      const before = this.#connected.get(user.index);
      if (before?.dc === user.connectedTo) continue;
      this.#disconnect(user.index);
      if (user.connectedTo === undefined) continue;
      this.#connected.set(user.index, { dc: user.connectedTo, since: this.#now });
    }
  }

  /** Everything up to now, as data. */
  finish(failure: Failure | undefined): Timeline {
    const untilSeconds = this.#now;
    for (const link of [...this.#down.keys()]) this.#linkUp(link);
    for (const user of [...this.#connected.keys()]) this.#disconnect(user);
    const at = (ms: number): number => (ms - this.#startMs) / 1_000;
    const optional = (ms: number | undefined) => (ms === undefined ? undefined : at(ms));
    const entries = this.#crowd?.ledger.entries ?? [];
    return {
      seed: this.#world.seed,
      fromSeconds: 0,
      untilSeconds,
      dcs: this.#topology.sites.map(({ id, name }) => ({ id, name })),
      users: this.#world.people.map(({ index, homeDc }) => ({ index, homeDc })),
      faults: this.#world.faults.map(faultOnTimeline),
      lives: this.#lives,
      linksDown: this.#linksDown,
      connections: this.#connections,
      messages: entries.map((entry) => ({
        id: entry.id,
        sender: entry.sender,
        recipient: entry.recipient,
        sentSeconds: optional(entry.sentMs),
        ackedSeconds: optional(entry.ackedMs),
        ack: entry.ack,
        deliveredSeconds: optional(entry.deliveredMs),
        deliveredId: entry.deliveredId,
      })),
      broken: failure && brokenPromise(failure, untilSeconds, entries, at),
    };
  }

  /** Seconds from the start of the window. */
  get #now(): number {
    return ((this.#loop?.nowMs() ?? 0) - this.#startMs) / 1_000;
  }

  #linkDown(from: number, to: number): void {
    const link = `${from}/${to}`;
    if (!this.#down.has(link)) this.#down.set(link, this.#now);
  }

  #linkUp(link: string): void {
    const fromSeconds = this.#down.get(link);
    if (fromSeconds === undefined) return;
    this.#down.delete(link);
    const [from = 0, to = 0] = link.split('/').map(Number);
    this.#linksDown.push({ from, to, fromSeconds, untilSeconds: this.#now });
  }

  #disconnect(user: number): void {
    const open = this.#connected.get(user);
    if (!open) return;
    this.#connected.delete(user);
    const { dc, since } = open;
    this.#connections.push({ user, dc, fromSeconds: since, untilSeconds: this.#now });
  }
}

function faultOnTimeline(fault: Fault): TimelineFault {
  const { atSeconds, forSeconds } = fault;
  return {
    text: describeFault(fault),
    dcs: dcsOf(fault),
    fromSeconds: atSeconds,
    untilSeconds: atSeconds + forSeconds,
  };
}

/** The DCs that a fault names, in whichever of its fields. */
function dcsOf(fault: Fault): number[] {
  const named: Readonly<Record<string, unknown>> = { ...fault };
  if (fault.kind === 'partition') return [...fault.groups[0]];
  const fields = ['dc', 'from', 'to', 'a', 'b'].map((field) => named[field]);
  return fields.filter((value): value is number => typeof value === 'number');
}
