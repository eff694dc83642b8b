/**
 * The supergroups of a crowd: makes them before the load starts, and reads them whole at the end,
 * as every one of the people concerned.
 */
import type { Clock } from '../../system-under-test/environment/index.ts';
import { auditChannel, type ChannelReadings, type WholeChannel } from './channel-audit.ts';
import type { Ledger } from './ledger.ts';
import type { VirtualUser } from './virtual-user.ts';
import { namedUsers, type Workload } from './workload.ts';

export interface ChannelCrowdOptions {
  readonly workload: Workload;
  readonly ledger: Ledger;
  readonly clock: Clock;
  /** All devices of a user. */
  readonly devicesOf: (user: number) => readonly VirtualUser[];
}

/** So long and so often may what is read at the end be behind, or out of reach. */
const AUDIT_TRIES = 30;
const AUDIT_PAUSE_MS = 1_000;

export class ChannelCrowd {
  readonly #o: ChannelCrowdOptions;
  /** Users who have to do with each channel. */
  readonly #people: readonly (readonly number[])[];

  constructor(options: ChannelCrowdOptions) {
    this.#o = options;
    const { channels, operations } = options.workload;
    const people = channels.map(({ creator, members }) => new Set([creator, ...members]));
    for (const operation of operations) {
      if (!('channel' in operation)) continue;
      const some = people[operation.channel];
      for (const user of [operation.user, ...namedUsers(operation)]) some?.add(user);
    }
    this.#people = people.map((some) => [...some]);
  }

  /** Creates every channel, and lets its first members join. */
  async arrive(): Promise<void> {
    const { workload, ledger, clock, devicesOf } = this.#o;
    for (const { creator, members } of workload.channels) {
      const { number } = ledger.channels.addChannel(creator);
      const [first] = devicesOf(creator);
      if (!first) throw new Error(`there is no user ${creator}`);
      const created = ledger.channels
        .membership(number, creator)
        .asked('join', clock.monotonicMs());
      const channel = await first.channels.create(`channel ${number}`);
      created.took = true;
      created.doneMs = clock.monotonicMs();
      for (const user of this.#people[number] ?? []) {
        for (const device of devicesOf(user)) device.channels.know(number, channel);
      }
      await Promise.all(members.map((user) => devicesOf(user)[0]?.channels.join(number)));
      for (const user of [creator, ...members]) {
        for (const device of devicesOf(user)) device.channels.follow(number);
      }
    }
  }

  /** Reads every channel as everybody concerned, and compares it with what was told. */
  async audit(): Promise<void> {
    const { ledger, clock } = this.#o;
    for (const { number } of ledger.channels.channels) {
      for (let tries = 1; ; tries++) {
        const readings = await this.#readings(number);
        const findings = auditChannel(ledger.channels, number, readings, clock.monotonicMs());
        if (findings.length === 0) break;
        if (tries === AUDIT_TRIES) {
          for (const { invariant, text } of findings) ledger.broken(invariant, text);
          break;
        }
        // A copy may be behind by as much as its patience; in the end all must agree.
        await pause(clock, AUDIT_PAUSE_MS);
      }
    }
  }

  async #readings(number: number): Promise<ChannelReadings> {
    const { clock, devicesOf } = this.#o;
    const whole = new Map<number, WholeChannel | undefined>();
    const views: ChannelReadings['views'][number][] = [];
    for (const user of this.#people[number] ?? []) {
      const [first] = devicesOf(user);
      if (!first) continue;
      whole.set(user, await patiently(clock, () => first.channels.readWhole(number)));
      for (const device of devicesOf(user)) {
        const view = device.channels.view(number);
        if (view) views.push(view);
      }
    }
    return { whole, views };
  }
}

/** Reads again if the connection was lost, a bounded number of times. */
export async function patiently<T>(clock: Clock, read: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await read();
    } catch (error) {
      if (tries === AUDIT_TRIES) throw error;
      await pause(clock, AUDIT_PAUSE_MS);
    }
  }
}

function pause(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(ms, resolve);
  });
}
