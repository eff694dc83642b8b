/**
 * Carries out a fault plan on a live world: each fault at its time, read back before it counts as
 * fired, healed at its time, and rolled back whatever happens. What each kind does is in
 * live-faults.ts; this file is the timetable, and keeps apart faults that touch the same thing.
 * Time comes from the caller.
 */
import {
  combinedTrouble,
  type Machines,
  type MachineTrouble,
  NO_EFFECTS,
  type TroubleEffects,
} from '../machines.ts';
import {
  describeFault,
  type Fault,
  type FaultPlan,
  type FaultRecord,
  unsupportedFaults,
} from '../plan.ts';
import type { ChaosDriver } from './driver.ts';
import type { ToxiproxyExtensions } from './extensions.ts';
import { LIVE_FAULTS } from './live-faults.ts';
import type { LiveScene, PlanClock, StreamOf, ToxicOf } from './live-scene.ts';

export type { PlanClock } from './live-scene.ts';

export interface PlanInterpreterOptions {
  readonly driver: ChaosDriver;
  readonly dcs: readonly number[];
  readonly clock: PlanClock;
  readonly machines: Machines;
  /** Of the embedded server: some faults need them, and they tell what was really injected. */
  readonly extensions?: ToxiproxyExtensions | undefined;
  /** A fault is in force. */
  readonly onStruck?: (fault: Fault) => void;
  /** A fault has healed: its links carry again, its datacentres serve. */
  readonly onHealed?: (fault: Fault) => void;
  /** One line for people. */
  readonly log?: (line: string) => void;
}

/**
 * A delay counts as injected when its mean is off by at most so much, or such a share of it: a
 * proxy's timers count milliseconds, and a busy machine wakes it some later.
 */
const VERIFY_MS = 15;
const VERIFY_SHARE = 0.1;
/** Fewer say nothing. */
const VERIFY_DELAYS_MIN = 5;

/** A fault from its beginning until its effects are gone. */
interface Running {
  readonly fault: Fault;
  /** Tells the faults of a plan apart, in names of toxics too. */
  readonly index: number;
  readonly record: { firedAtSeconds?: number; healedAtSeconds?: number; effects?: number };
  state: 'planned' | 'applying' | 'applied' | 'healed';
  /** In the order of what they undo; each is also called where that was only half done. */
  readonly undo: (() => Promise<void>)[];
  /** Aborted when it is to heal. */
  readonly over: AbortController;
}

/** What several faults may do to the same thing: it ends with the last of them. */
class Causes<Key> {
  readonly #of = new Map<Key, Set<number>>();

  add(key: Key, index: number): void {
    const causes = this.#of.get(key) ?? new Set();
    this.#of.set(key, causes.add(index));
  }

  /** True when it was the last. */
  remove(key: Key, index: number): boolean {
    const causes = this.#of.get(key);
    return causes?.delete(index) === true && causes.size === 0;
  }

  has(key: Key): boolean {
    return (this.#of.get(key)?.size ?? 0) > 0;
  }

  clear(): void {
    this.#of.clear();
  }
}

export class PlanInterpreter {
  readonly #o: PlanInterpreterOptions;
  readonly #cut = new Causes<string>();
  readonly #down = new Causes<number>();
  readonly #paused = new Causes<number>();
  readonly #troubles = new Map<number, Map<number, MachineTrouble>>();
  /** What went wrong, one line each; a run with any is void. */
  readonly problems: string[] = [];

  constructor(options: PlanInterpreterOptions) {
    this.#o = options;
  }

  /**
   * Resolves when every fault has healed, or when everything has been rolled back after `signal`
   * was aborted. `windowStartMs` is on the clock's monotonic scale. A fault that could not be put
   * in force has a record without `firedAtSeconds`, and a line in `problems`. Rejects before
   * anything is done when the plan holds a kind that a live world cannot do.
   */
  async run(plan: FaultPlan, windowStartMs: number, signal?: AbortSignal): Promise<FaultRecord[]> {
    const proxies = this.#o.extensions ? 'embedded' : 'real';
    const beyond = unsupportedFaults(plan.faults, 'live', proxies);
    if (beyond.length > 0) throw new Error(beyond.join('; '));
    const nowSeconds = () => (this.#o.clock.monotonicMs() - windowStartMs) / 1_000;
    const running = plan.faults.map(
      (fault, index): Running => ({
        ...{ fault, index, record: {}, state: 'planned', undo: [] },
        over: new AbortController(),
      }),
    );
    const until = (seconds: number) => this.#wait(windowStartMs + seconds * 1_000, signal);
    const play = async (item: Running): Promise<void> => {
      const { fault } = item;
      if (!(await until(fault.atSeconds))) return;
      await this.#apply(item, nowSeconds);
      // A late start does not shift the healing: the plan's times are of the window.
      await until(fault.atSeconds + fault.forSeconds);
      await this.#heal(item, nowSeconds);
    };
    await Promise.all(running.map(play));
    return running.map(recordOf);
  }

  async #apply(item: Running, nowSeconds: () => number): Promise<void> {
    const { fault } = item;
    item.state = 'applying';
    this.#o.onStruck?.(fault);
    try {
      // The table has, for each kind, the action that takes a fault of that kind.
      const action = LIVE_FAULTS[fault.kind as keyof typeof LIVE_FAULTS] as (
        fault: Fault,
        scene: LiveScene,
      ) => Promise<void>;
      await action(fault, this.#sceneOf(item));
      item.state = 'applied';
      item.record.firedAtSeconds = nowSeconds();
      this.#o.log?.(`${describeFault(fault)}: in force`);
    } catch (error) {
      this.#problem(fault, 'not in force', error);
    }
  }

  /** Undoes whatever of the fault was done, also where it was never fully in force. */
  async #heal(item: Running, nowSeconds: () => number): Promise<void> {
    const { fault } = item;
    item.over.abort();
    try {
      for (const undo of item.undo) {
        await undo().catch(async (error: unknown) => {
          this.#problem(fault, 'did not heal on its own, so everything is rolled back', error);
          await this.#rollbackAll();
        });
      }
      if (item.state === 'applied') item.record.healedAtSeconds = nowSeconds();
      item.state = 'healed';
      this.#o.onHealed?.(fault);
      this.#o.log?.(`${describeFault(fault)}: healed`);
    } catch (error) {
      this.#problem(fault, 'not healed', error);
    }
  }

  #sceneOf(item: Running): LiveScene {
    const { driver, dcs, machines, clock } = this.#o;
    const { fault, index, undo, over } = item;
    const rest = (ms: number) => this.#wait(clock.monotonicMs() + ms, over.signal);
    return {
      dcs,
      machines,
      rest,
      meanwhile: (work) => {
        const done = work().catch((error: unknown) => this.#problem(fault, 'went wrong', error));
        undo.push(() => done);
      },
      cut: async (wanted) => {
        const proxies = this.#known(wanted, (proxy) => proxy);
        undo.push(() => this.#mend(proxies, index));
        await this.#cutAll(proxies, index);
      },
      mend: (wanted) =>
        this.#mend(
          wanted.filter((proxy) => driver.has(proxy)),
          index,
        ),
      poison: (streams, toxic) => this.#poison(item, streams, toxic),
      takeDown: async (dc) => {
        this.#down.add(dc, index);
        undo.push(async () => {
          if (this.#down.remove(dc, index)) await machines.start(dc);
        });
        await machines.kill(dc);
      },
      pause: async (dc) => {
        this.#paused.add(dc, index);
        undo.push(async () => {
          if (this.#paused.remove(dc, index)) await machines.resume(dc);
        });
        await machines.pause(dc);
      },
      trouble: (dc, trouble) => this.#trouble(item, dc, trouble),
      extensions: async () => {
        const { extensions } = this.#o;
        if (extensions) return extensions;
        throw new Error('the real toxiproxy-server cannot do that');
      },
      effect(count) {
        item.record.effects = (item.record.effects ?? 0) + count;
      },
    };
  }

  async #cutAll(proxies: readonly string[], index: number): Promise<void> {
    for (const proxy of proxies) this.#cut.add(proxy, index);
    await this.#o.driver.disable(proxies);
    const enabled = await this.#o.driver.enabledNames();
    const through = proxies.filter((proxy) => enabled.has(proxy) && this.#cut.has(proxy));
    if (through.length > 0) throw new Error(`still enabled: ${through.join(', ')}`);
  }

  async #mend(proxies: readonly string[], index: number): Promise<void> {
    const { driver } = this.#o;
    const free = proxies.filter((proxy) => this.#cut.remove(proxy, index));
    if (free.length === 0) return;
    await driver.enable(free);
    const enabled = await driver.enabledNames();
    const cut = free.filter((proxy) => !enabled.has(proxy) && !this.#cut.has(proxy));
    if (cut.length > 0) throw new Error(`still disabled: ${cut.join(', ')}`);
  }

  async #poison(item: Running, wanted: readonly StreamOf[], toxic: ToxicOf): Promise<void> {
    const { driver } = this.#o;
    const streams = this.#known(wanted, ({ proxy }) => proxy);
    const nameOn = (stream: string) => `${item.fault.kind}_${item.index}_${stream}`;
    for (const { proxy, stream } of streams) {
      const name = nameOn(stream);
      item.undo.push(async () => {
        await this.#verify(item, proxy, name);
        await driver.removeToxic(proxy, name);
      });
      await driver.addToxic(proxy, { name, stream, ...toxic });
      const read = await driver.readToxic(proxy, name);
      for (const [attribute, value] of Object.entries(toxic.attributes)) {
        if (read?.[attribute] === value) continue;
        const has = read?.[attribute] ?? 'none';
        throw new Error(`${proxy} has ${attribute} ${has} instead of ${value}`);
      }
    }
  }

  /** What the toxic really did: an effect for each chunk, and a problem where delays are off. */
  async #verify({ fault, record }: Running, proxy: string, name: string): Promise<void> {
    const { extensions } = this.#o;
    if (!extensions) return;
    const did = (await extensions.injected())[proxy]?.toxics[name];
    if (!did) return;
    record.effects = (record.effects ?? 0) + did.chunks;
    const { delays, requested_ms_mean: wanted, achieved_ms_mean: got } = did;
    if (wanted === null || got === null || delays < VERIFY_DELAYS_MIN) return;
    if (Math.abs(got - wanted) <= Math.max(VERIFY_MS, wanted * VERIFY_SHARE)) return;
    const text = `${proxy} was delayed by ${got.toFixed(1)} ms instead of ${wanted.toFixed(1)} ms`;
    this.#problem(fault, 'not injected as asked', new Error(text));
  }

  async #trouble({ index, undo, record }: Running, dc: number, trouble: MachineTrouble) {
    const { machines } = this.#o;
    const ofDc = this.#troubles.get(dc) ?? new Map<number, MachineTrouble>();
    this.#troubles.set(dc, ofDc);
    const tell = () => machines.trouble(dc, combinedTrouble([...ofDc.values()]));
    const before = await machines.effects(dc);
    undo.push(async () => {
      const after = await machines.effects(dc);
      record.effects = (record.effects ?? 0) + effectsOf(trouble, before, after);
      ofDc.delete(index);
      await tell();
      // With a full disk the processes keep ending; what ended last is not left so.
      if (trouble.diskFull && !this.#down.has(dc)) await machines.start(dc);
    });
    ofDc.set(index, trouble);
    await tell();
  }

  /** The last resort: it also drops connections and faults that are still meant to be. */
  async #rollbackAll(): Promise<void> {
    this.#cut.clear();
    await this.#o.driver.rollback();
  }

  /** Leaves out what this world does not have; a fault that touches nothing is an error. */
  #known<Item>(items: readonly Item[], proxyOf: (item: Item) => string): Item[] {
    const known = items.filter((item) => this.#o.driver.has(proxyOf(item)));
    if (known.length > 0) return known;
    throw new Error(`none of its proxies exist: ${items.map(proxyOf).join(', ')}`);
  }

  #problem(fault: Fault, what: string, error: unknown): void {
    const line = `${describeFault(fault)}: ${what}: ${(error as Error).message}`;
    this.problems.push(line);
    this.#o.log?.(line);
  }

  /** True at the time, false as soon as the signal is aborted. */
  async #wait(atMs: number, signal: AbortSignal | undefined): Promise<boolean> {
    if (signal?.aborted) return false;
    const { clock } = this.#o;
    const { promise, resolve } = Promise.withResolvers<void>();
    const wake = () => resolve();
    const timer = clock.after(Math.max(0, atMs - clock.monotonicMs()), wake);
    signal?.addEventListener('abort', wake);
    await promise;
    timer.cancel();
    signal?.removeEventListener('abort', wake);
    return !signal?.aborted;
  }
}

/** What made no difference to anything has not fired. */
function recordOf({ fault, record }: Running): FaultRecord {
  return record.effects === 0 ? { fault, effects: 0 } : { fault, ...record };
}

/** How often what this trouble is made of made a difference in between. */
function effectsOf(trouble: MachineTrouble, before: TroubleEffects, after: TroubleEffects): number {
  const part: Record<keyof TroubleEffects, boolean> = {
    skewedReads: trouble.skewMs !== undefined,
    slowedCalls: trouble.diskSlowFactor !== undefined,
    failedWrites: trouble.diskFull === true,
  };
  return (Object.keys(NO_EFFECTS) as (keyof TroubleEffects)[])
    .filter((name) => part[name])
    .reduce((sum, name) => sum + after[name] - before[name], 0);
}
