/**
 * The real backend in the virtual world: five datacentres on virtual machines, and the way from
 * any device to any of them. A process that gives up because its disk is full is started again, as
 * by a supervisor. Knows nothing of scenarios.
 */
import { Datacenter } from '../../system-under-test/datacenter/datacenter.ts';
import { OutdatedDiskError } from '../../system-under-test/datacenter/identity.ts';
import type { Limits } from '../../system-under-test/datacenter/limits.ts';
import {
  type ProvisionedAccount,
  provisionAccounts,
} from '../../system-under-test/datacenter/provision.ts';
import type { Log } from '../../system-under-test/environment/index.ts';
import type { MtprotoCrypto } from '../../system-under-test/mtproto/crypto.ts';
import { dcIds, oneWayMs, type Topology } from '../../system-under-test/topology.ts';
import { keyOfSeed } from '../core/seed.ts';
import { randomStream } from '../core/streams.ts';
import type { MachineTargets } from './fault-scene.ts';
import type { LinkCharacter } from './virtual-links.ts';
import type { VirtualLoop } from './virtual-loop.ts';
import { createVirtualMachine, type VirtualMachine } from './virtual-machine.ts';
import { createVirtualNetwork, type VirtualNetwork } from './virtual-network.ts';
import { createVirtualRandomness } from './virtual-randomness.ts';
import { type DiskCharacter, DiskFullError, type VirtualDisk } from './virtual-store.ts';

export interface VirtualClusterOptions {
  readonly loop: VirtualLoop;
  readonly topology: Topology;
  readonly crypto: MtprotoCrypto;
  /** Home DC of each user's device, by index: how far it is from each DC. */
  readonly homeOfUser: (index: number) => number;
  readonly disk?: DiskCharacter;
  /** Other values for limits of replication and repair, so that they are reached. */
  readonly limits?: Partial<Limits>;
  /** Where the log lines of a DC go. Default: nowhere. */
  readonly logOf?: (dc: number) => Log;
}

/** Backbone latency varies by up to this share of itself; an assumption for quiet cables. */
const BACKBONE_JITTER_SHARE = 0.02;
/** A restarted process needs so long until it serves; measured on the live backend: about 1 s. */
const RESTART_MS = 1_000;
/** A supervisor's pause before it starts a process again that gave up (assumption). */
const SUPERVISOR_PAUSE_MS = 1_000;

/** What is looked at in the background costs events, and finds something only after faults. */
const AT_LEISURE: Partial<Limits> = { scrubPauseMs: 10_000, comparePauseMs: 10_000 };

export const dcNode = (dc: number): string => `dc ${dc}`;
export const userNode = (index: number): string => `user ${index}`;
export const clientAddress = (dc: number): string => `dc ${dc}:clients`;
const backboneAddress = (dc: number): string => `dc ${dc}:backbone`;

export class VirtualCluster {
  readonly network: VirtualNetwork;
  readonly #o: VirtualClusterOptions;
  readonly #machines = new Map<number, VirtualMachine>();
  readonly #datacenters = new Map<number, Datacenter>();
  readonly #secret: Uint8Array;
  /** DCs that were crashed and have not been told to start again. */
  readonly #down = new Set<number>();
  /** Lives of each DC's process so far. */
  readonly lives = new Map<number, number>();

  constructor(options: VirtualClusterOptions) {
    const { loop, topology } = options;
    const key = keyOfSeed(loop.seed);
    this.#o = options;
    this.#secret = createVirtualRandomness(randomStream(key, 'cluster.secret')).bytes(32);
    this.network = createVirtualNetwork({
      loop,
      random: randomStream(key, 'cluster.network'),
      link: (from, to) => this.#link(from, to),
    });
    for (const dc of dcIds(topology)) {
      this.#machines.set(
        dc,
        createVirtualMachine({
          loop,
          network: this.network,
          node: dcNode(dc),
          ...(options.disk ? { disk: options.disk } : {}),
          ...(options.logOf ? { log: options.logOf(dc) } : {}),
        }),
      );
    }
  }

  /** Which DC a node of the network is; undefined for devices. */
  dcOf(node: string): number | undefined {
    return node.startsWith('dc ') ? Number(node.slice(3)) : undefined;
  }

  /**
   * Puts the accounts on the disks and starts all datacentres. Returns, for each DC, the user ids
   * of its accounts.
   */
  async start(
    accounts: ReadonlyMap<number, readonly ProvisionedAccount[]>,
  ): Promise<Map<number, number[]>> {
    const userIds = new Map<number, number[]>();
    for (const [dc, machine] of this.#machines) {
      const { store, randomness, clock } = machine.boot();
      const createdAt = Math.floor(clock.wallMs() / 1000);
      const options = { store, clock, dc, secret: this.#secret, randomness, createdAt };
      userIds.set(dc, await provisionAccounts(options, accounts.get(dc) ?? []));
      machine.crash();
    }
    await Promise.all([...this.#machines.keys()].map((dc) => this.#boot(dc)));
    return userIds;
  }

  /** Every DC has its link to every other one. */
  get linked(): boolean {
    const others = this.#machines.size - 1;
    return [...this.#machines.keys()].every(
      (dc) => this.#datacenters.get(dc)?.status().linksUp.length === others,
    );
  }

  datacenter(dc: number): Datacenter | undefined {
    return this.#datacenters.get(dc);
  }

  /** The process is gone at once, with all that was not durable, until `restart`. */
  crash(dc: number): void {
    this.#down.add(dc);
    this.#end(dc);
  }

  /** Starts the process again on its disk; it serves a moment later. */
  restart(dc: number): void {
    this.#down.delete(dc);
    this.#bootLater(dc, RESTART_MS);
  }

  /** What faults of processes, disks and clocks need of this cluster. */
  get machineTargets(): MachineTargets {
    return {
      dcs: [...this.#machines.keys()],
      machine: (dc) => this.#machine(dc),
      mayRot: (dc) => {
        const own = `d${dc}/`;
        const ownToo = this.#others(dc).some((other) => this.#hasAllOf(other, dc));
        return (partition) => (partition.startsWith(own) ? ownToo : /^d\d+\//.test(partition));
      },
      isElsewhere: (dc) => {
        const backlog = this.#datacenters.get(dc)?.status().backlog;
        if (!backlog || Object.values(backlog).some((waiting) => waiting > 0)) return false;
        return this.#others(dc).every((other) => this.#hasAllOf(other, dc));
      },
    };
  }

  /** Writes that wait durably, anywhere, for this DC. */
  backlogFor(dc: number): number {
    let sum = 0;
    for (const datacenter of this.#datacenters.values()) {
      sum += datacenter.status().backlog[dc] ?? 0;
    }
    return sum;
  }

  /** Every DC runs and has applied all of every other DC's stream. */
  get replicated(): boolean {
    const all = [...this.#machines.keys()].map((dc) => this.#datacenters.get(dc)?.status());
    return all.every((reader) =>
      all.every((writer) => {
        if (!reader || !writer) return false;
        return reader === writer || reader.applied[writer.dc] === writer.stream;
      }),
    );
  }

  /** Stream records that all copies together have applied: whether they come on. */
  get recordsApplied(): number {
    let sum = 0;
    for (const datacenter of this.#datacenters.values()) {
      for (const position of Object.values(datacenter.status().applied)) sum += position;
    }
    return sum;
  }

  /** Every disk is read through now, and what is damaged on it put right by the others. */
  async mendDamage(): Promise<void> {
    for (const datacenter of this.#datacenters.values()) await datacenter.scrubNow();
  }

  /** The disk of each DC, for checkers. */
  disks(): Map<number, VirtualDisk> {
    return new Map([...this.#machines].map(([dc, { disk }]) => [dc, disk]));
  }

  /** Compares each domain on its DC's disk with the copies on all other disks, byte by byte. */
  replicaDifferences(): string[] {
    const differences: string[] = [];
    for (const [home, { disk }] of this.#machines) {
      for (const [dc, { disk: copy }] of this.#machines) {
        if (dc === home) continue;
        const where = differenceIn(`d${home}/`, disk, copy);
        if (where !== undefined) {
          differences.push(`the copy of DC ${home} at DC ${dc} differs in ${where}`);
        }
      }
    }
    return differences;
  }

  async #boot(dc: number): Promise<void> {
    const { topology, crypto, limits } = this.#o;
    const life = (this.lives.get(dc) ?? 0) + 1;
    this.lives.set(dc, life);
    const datacenter = await Datacenter.start({
      dc,
      topology,
      environment: this.#machine(dc).boot(),
      crypto,
      rsaKeys: [],
      secret: this.#secret,
      listen: { clients: clientAddress(dc), backbone: backboneAddress(dc) },
      peers: new Map(
        dcIds(topology)
          .filter((other) => other !== dc)
          .map((other) => [other, backboneAddress(other)]),
      ),
      addresses: () => [],
      testPhones: true,
      deliverCode: () => {},
      onFatal: (error) => this.#gaveUp(dc, life, error),
      limits: { ...AT_LEISURE, ...limits },
    });
    // A crash while it was starting: this life is over, whatever it says.
    if (this.lives.get(dc) === life) this.#datacenters.set(dc, datacenter);
  }

  #end(dc: number): void {
    this.#machine(dc).crash();
    this.#datacenters.delete(dc);
  }

  #bootLater(dc: number, delayMs: number): void {
    this.#o.loop.schedule(delayMs, 'restart', dcNode(dc), () => {
      if (this.#down.has(dc) || this.#machine(dc).running) return;
      const life = (this.lives.get(dc) ?? 0) + 1;
      this.#boot(dc).catch((error: unknown) => this.#gaveUp(dc, life, error));
    });
  }

  /** A process that cannot write ends and is started again; anything else must be seen. */
  #gaveUp(dc: number, life: number, error: unknown): void {
    if (!(error instanceof DiskFullError || error instanceof OutdatedDiskError)) throw error;
    this.#o.loop.schedule(0, 'process exits', dcNode(dc), () => {
      if (this.lives.get(dc) !== life || !this.#machine(dc).running) return;
      this.#end(dc);
      this.#bootLater(dc, SUPERVISOR_PAUSE_MS);
    });
  }

  #others(dc: number): number[] {
    return [...this.#machines.keys()].filter((other) => other !== dc);
  }

  /** One DC runs and has durably applied all of another one's stream, which runs too. */
  #hasAllOf(reader: number, writer: number): boolean {
    const [has, all] = [this.#datacenters.get(reader), this.#datacenters.get(writer)];
    return (
      has !== undefined && all !== undefined && has.status().applied[writer] === all.status().stream
    );
  }

  #machine(dc: number): VirtualMachine {
    const machine = this.#machines.get(dc);
    if (!machine) throw new Error(`there is no DC ${dc}`);
    return machine;
  }

  #link(from: string, to: string): LinkCharacter {
    const { topology, homeOfUser } = this.#o;
    const [a, b] = [this.dcOf(from), this.dcOf(to)];
    if (a !== undefined && b !== undefined) {
      const latencyMs = oneWayMs(topology, a, b);
      return { latencyMs, jitterMs: latencyMs * BACKBONE_JITTER_SHARE };
    }
    const dc = a ?? b ?? 0;
    const home = homeOfUser(Number((a === undefined ? from : to).slice(5)));
    const { medianMs, jitterMs } = topology.access;
    return {
      latencyMs: Math.max(1, medianMs - jitterMs) + oneWayMs(topology, home, dc),
      jitterMs: 2 * jitterMs,
    };
  }
}

/** The first place where two disks differ in the partitions that begin with `domain`. */
function differenceIn(domain: string, one: VirtualDisk, other: VirtualDisk): string | undefined {
  const names = [...one.partitions(), ...other.partitions()];
  for (const name of new Set(names.filter((each) => each.startsWith(domain)))) {
    const [entries, copies] = [one.durable(name), other.durable(name)];
    const count = Math.max(entries.length, copies.length);
    for (let index = 0; index < count; index++) {
      const [a, b] = [entries[index], copies[index]];
      if (a && b && a.key === b.key && Buffer.compare(a.value, b.value) === 0) continue;
      return `${name}, ${(a ?? b)?.key}`;
    }
  }
  return undefined;
}
