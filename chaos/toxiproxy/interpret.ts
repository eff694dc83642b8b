/**
 * Carries out a fault plan on a live world's proxies: each fault at its time, read back from the
 * server before it counts as fired, healed at its time, and rolled back whatever happens. Time
 * comes from the caller.
 */
import {
  type DcLoss,
  describeFault,
  type Fault,
  type FaultPlan,
  type FaultRecord,
  lostDc,
  type Partition,
  unsupportedFaults,
} from '../plan.ts';
import type { ChaosDriver } from './driver.ts';
import { proxiesBetween, proxiesOfDc, streamsFrom } from './names.ts';

export interface PlanClock {
  /** Milliseconds since any fixed origin; never goes backwards. */
  monotonicMs(): number;
  /** Runs once, `delayMs` from now, never synchronously. */
  after(delayMs: number, run: () => void): { cancel(): void };
}

export interface PlanInterpreterOptions {
  readonly driver: ChaosDriver;
  readonly dcs: readonly number[];
  readonly clock: PlanClock;
  /** The DC has been cut off: kill its process. */
  readonly onDcLoss?: (dc: number) => Promise<void> | void;
  /** The DC can be reached again: restart its process. Also called when rolling back. */
  readonly onDcReturn?: (dc: number) => Promise<void> | void;
  /** One line for people. */
  readonly log?: (line: string) => void;
}

/** A fault from its beginning until its effects are gone. */
interface Running {
  readonly fault: Fault;
  /** Tells the faults of a plan apart, in names of toxics too. */
  readonly index: number;
  readonly record: { firedAtSeconds?: number; healedAtSeconds?: number };
  state: 'planned' | 'applying' | 'applied' | 'healed';
}

export class PlanInterpreter {
  readonly #options: PlanInterpreterOptions;
  /** The faults that keep a proxy disabled: it is enabled again when the last one heals. */
  readonly #cutBy = new Map<string, Set<number>>();
  /** What went wrong, one line each; a run with any is void. */
  readonly problems: string[] = [];

  constructor(options: PlanInterpreterOptions) {
    this.#options = options;
  }

  /**
   * Resolves when every fault has healed, or when everything has been rolled back after `signal`
   * was aborted. `windowStartMs` is on the clock's monotonic scale. A fault that could not be put
   * in force has a record without `firedAtSeconds`, and a line in `problems`. Rejects before
   * anything is done when the plan holds a kind that proxies cannot do.
   */
  async run(plan: FaultPlan, windowStartMs: number, signal?: AbortSignal): Promise<FaultRecord[]> {
    const beyond = unsupportedFaults(plan.faults, 'live');
    if (beyond.length > 0) throw new Error(beyond.join('; '));
    const nowSeconds = () => (this.#options.clock.monotonicMs() - windowStartMs) / 1_000;
    const running = plan.faults.map(
      (fault, index): Running => ({ fault, index, record: {}, state: 'planned' }),
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
    return running.map(({ fault, record }) => ({ fault, ...record }));
  }

  async #apply(item: Running, nowSeconds: () => number): Promise<void> {
    const { fault } = item;
    item.state = 'applying';
    try {
      if (fault.kind === 'slow_link') await this.#slow(item, fault);
      else if (fault.kind === 'dc_loss' || fault.kind === 'partition') {
        await this.#cut(item, this.#proxiesOf(fault));
      }
      const lost = lostDc(fault);
      if (lost !== undefined) await this.#options.onDcLoss?.(lost);
      item.state = 'applied';
      item.record.firedAtSeconds = nowSeconds();
      this.#options.log?.(`${describeFault(fault)}: in force`);
    } catch (error) {
      this.#problem(fault, 'not in force', error);
    }
  }

  /** Undoes whatever of the fault was done, also where it was never fully in force. */
  async #heal(item: Running, nowSeconds: () => number): Promise<void> {
    const { fault } = item;
    try {
      await this.#undo(item).catch(async (error: unknown) => {
        this.#problem(fault, 'did not heal on its own, so everything is rolled back', error);
        await this.#rollbackAll();
      });
      const lost = lostDc(fault);
      if (lost !== undefined) await this.#options.onDcReturn?.(lost);
      if (item.state === 'applied') item.record.healedAtSeconds = nowSeconds();
      item.state = 'healed';
      this.#options.log?.(`${describeFault(fault)}: healed`);
    } catch (error) {
      this.#problem(fault, 'not healed', error);
    }
  }

  async #cut({ index }: Running, proxies: readonly string[]): Promise<void> {
    for (const proxy of proxies) {
      const by = this.#cutBy.get(proxy) ?? new Set();
      this.#cutBy.set(proxy, by.add(index));
    }
    await this.#options.driver.disable(proxies);
    const enabled = await this.#options.driver.enabledNames();
    const through = proxies.filter((proxy) => enabled.has(proxy));
    if (through.length > 0) throw new Error(`still enabled: ${through.join(', ')}`);
  }

  async #slow(item: Running, { from, to, addedMs }: Fault & { kind: 'slow_link' }): Promise<void> {
    const { driver } = this.#options;
    // The API takes whole milliseconds.
    const latency = { ms: Math.round(addedMs), jitterMs: 0 };
    const streams = this.#known(streamsFrom(from, to), ({ proxy }) => proxy);
    for (const { proxy, stream } of streams) {
      await driver.addLatency(proxy, toxicName(item), stream, latency);
      const read = await driver.readLatency(proxy, toxicName(item));
      if (read?.ms !== latency.ms) {
        throw new Error(`${proxy} has ${read?.ms ?? 0} ms instead of ${latency.ms} ms`);
      }
    }
  }

  async #undo(item: Running): Promise<void> {
    const { driver } = this.#options;
    const { fault } = item;
    if (fault.kind === 'slow_link') {
      const streams = streamsFrom(fault.from, fault.to).filter(({ proxy }) => driver.has(proxy));
      for (const { proxy } of streams) await driver.removeToxic(proxy, toxicName(item));
      return;
    }
    const free = [...this.#cutBy]
      .filter(([, by]) => by.delete(item.index) && by.size === 0)
      .map(([proxy]) => proxy);
    if (free.length === 0) return;
    await driver.enable(free);
    const enabled = await driver.enabledNames();
    const cut = free.filter((proxy) => !enabled.has(proxy) && !this.#cutBy.get(proxy)?.size);
    if (cut.length > 0) throw new Error(`still disabled: ${cut.join(', ')}`);
  }

  /** The last resort: it also drops connections and faults that are still meant to be. */
  async #rollbackAll(): Promise<void> {
    this.#cutBy.clear();
    await this.#options.driver.rollback();
  }

  #proxiesOf(fault: DcLoss | Partition): string[] {
    const proxies =
      fault.kind === 'dc_loss'
        ? proxiesOfDc(fault.dc, this.#options.dcs)
        : proxiesBetween(fault.groups);
    return this.#known(proxies, (proxy) => proxy);
  }

  /** Leaves out what this world does not have; a fault that touches nothing is an error. */
  #known<Item>(items: readonly Item[], proxyOf: (item: Item) => string): Item[] {
    const known = items.filter((item) => this.#options.driver.has(proxyOf(item)));
    if (known.length > 0) return known;
    throw new Error(`none of its proxies exist: ${items.map(proxyOf).join(', ')}`);
  }

  #problem(fault: Fault, what: string, error: unknown): void {
    const line = `${describeFault(fault)}: ${what}: ${(error as Error).message}`;
    this.problems.push(line);
    this.#options.log?.(line);
  }

  /** True at the time, false as soon as the signal is aborted. */
  async #wait(atMs: number, signal: AbortSignal | undefined): Promise<boolean> {
    if (signal?.aborted) return false;
    const { clock } = this.#options;
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

function toxicName({ index, fault }: Running): string {
  return `${fault.kind}_${index}`;
}
