/**
 * The datacentres of a live world, whoever writes to them: started behind proxies, broken as the
 * scenario says, watched, and asked in the end whether they can be believed.
 */
import { join } from 'node:path';
import type { Fault, FaultRecord } from '../../chaos/plan.ts';
import type { ChaosDriver } from '../../chaos/toxiproxy/driver.ts';
import { ToxiproxyExtensions } from '../../chaos/toxiproxy/extensions.ts';
import { PlanInterpreter } from '../../chaos/toxiproxy/interpret.ts';
import { type DiskFigures, DiskMeter } from '../../sim/parallel/disk-meter.ts';
import type { Clock } from '../../system-under-test/environment/index.ts';
import type { LiveCluster } from '../../system-under-test/live/live-cluster.ts';
import type { StationMark } from '../../system-under-test/live/station-trace.ts';
import { dcIds } from '../../system-under-test/topology.ts';
import type { Scenario } from '../define.ts';
import { TRUST } from '../load/honesty.ts';
import { type BehindProxies, type Later, startBehindProxies } from './behind-proxies.ts';
import { LiveMachines } from './live-machines.ts';
import { BacklogWatch, linksUp, loopDelays } from './live-status.ts';
import type { WorldOptions } from './world.ts';

export interface LiveBackendOptions {
  readonly scenario: Scenario;
  readonly world: WorldOptions;
  readonly clock: Clock;
  /** Each DC has a gateway, behind a proxy of its own. Default: none. */
  readonly gateway?: boolean;
  /** See LiveClusterOptions.onTrace. */
  readonly onTrace?: ((dc: number, marks: readonly StationMark[]) => void) | undefined;
}

/** Told while faults are played. */
export interface FaultListener {
  readonly struck?: (fault: Fault) => void;
  readonly healed?: (fault: Fault) => void;
}

export class LiveBackend {
  readonly cluster: LiveCluster;
  readonly driver: ChaosDriver;
  readonly dcs: readonly number[];
  /** "http://host:port" of each DC's gateway, through its proxy; empty without. */
  readonly gateways: ReadonlyMap<number, string>;
  readonly #o: LiveBackendOptions;
  readonly #machines: LiveMachines;
  readonly #toxiproxyUrl: string;
  readonly #unexpected: readonly string[];
  #problems: readonly string[] = [];
  #disk: Promise<DiskMeter> | undefined;
  #metered: Promise<DiskFigures> | undefined;

  private constructor(
    options: LiveBackendOptions,
    { driver, cluster, toxiproxyUrl, gateways }: BehindProxies,
    machines: LiveMachines,
    unexpected: readonly string[],
  ) {
    this.#o = options;
    this.#machines = machines;
    this.#toxiproxyUrl = toxiproxyUrl;
    this.#unexpected = unexpected;
    this.cluster = cluster;
    this.driver = driver;
    this.dcs = dcIds(options.scenario.topology);
    this.gateways = new Map([...gateways].map(([dc, { proxied }]) => [dc, proxied]));
  }

  /** Resolves once every DC has a link to every other. */
  static async start(options: LiveBackendOptions, later: Later): Promise<LiveBackend> {
    const { scenario, clock, gateway = false, onTrace } = options;
    const { toxiproxy, seed, scratch, signal, progress } = options.world;
    const { topology } = scenario;
    const unexpected: string[] = [];
    const machines: LiveMachines = new LiveMachines(
      () => started.cluster,
      clock,
      (why) => unexpected.push(why),
    );
    signal.addEventListener('abort', () => machines.stop(), { once: true });
    const tell = (text: string): void => progress({ phase: 'start', done: 0, text });
    tell(`${toxiproxy} toxiproxy`);
    let starting = true;
    const started = await startBehindProxies(
      {
        ...{ topology, toxiproxy, seed, signal, gateway },
        dataFolder: join(scratch, 'live'),
        testPhones: true,
        geographicLatency: true,
        onUnexpectedExit: (dc, why) => machines.ended(dc, why),
        onStarting: (text) => {
          if (starting) tell(text);
        },
        ...(onTrace ? { onTrace } : {}),
      },
      later,
    );
    starting = false;
    signal.throwIfAborted();
    await linksUp(started.cluster, dcIds(topology), signal);
    const backend = new LiveBackend(options, started, machines, unexpected);
    later(async () => void (await backend.disk()));
    return backend;
  }

  /**
   * Plays the scenario's faults; times count from `windowStartMs`, on the clock. Resolves once all
   * have healed, or are rolled back since the run is interrupted or ends early.
   */
  async play(windowStartMs: number, listener: FaultListener = {}): Promise<FaultRecord[]> {
    const { scenario, world, clock } = this.#o;
    const { struck, healed } = listener;
    const interpreter = new PlanInterpreter({
      ...{ driver: this.driver, dcs: this.dcs, clock, machines: this.#machines },
      ...(world.toxiproxy === 'embedded'
        ? { extensions: new ToxiproxyExtensions(this.#toxiproxyUrl) }
        : {}),
      ...(struck ? { onStruck: struck } : {}),
      ...(healed ? { onHealed: healed } : {}),
    });
    this.#problems = interpreter.problems;
    const now = (): number => (clock.monotonicMs() - windowStartMs) / 1_000;
    this.#disk = DiskMeter.start({ folder: world.scratch, now });
    this.#disk.catch(() => {}); // told by disk()
    const { signal, rollBack, endNow } = world;
    const stops = [signal, rollBack, endNow].filter((each) => each !== undefined);
    return interpreter.run({ faults: scenario.faults }, windowStartMs, AbortSignal.any(stops));
  }

  /** Tells how many writes wait for each DC, whenever it is asked to look. */
  backlogs(told: (dc: number, waiting: number) => void): BacklogWatch {
    return new BacklogWatch(this.cluster, this.dcs, told);
  }

  /**
   * How the disk of this machine was while faults were played, seconds of the window; it is metered
   * no longer then. Undefined where nothing was played. Rejects where it could not be written to.
   */
  async disk(): Promise<DiskFigures | undefined> {
    this.#metered ??= this.#disk?.then((meter) => meter.stop());
    return this.#metered;
  }

  /** Why the run cannot be believed, as far as this side goes; to be asked in the end. */
  async troubles(): Promise<string[]> {
    const busy = (await loopDelays(this.cluster, this.dcs)).flatMap(([dc, delay]) => {
      if (delay <= TRUST.dcLoopDelayP99Ms) return [];
      const late = `the event loop of DC ${dc} ran late, p99 ${delay.toFixed(0)} ms`;
      return [`the machine was too busy: ${late}`];
    });
    return [...this.#problems, ...this.#unexpected, ...busy];
  }
}
