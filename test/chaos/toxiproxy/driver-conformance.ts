/** The driver and the plan interpreter, the same on the embedded server and on the real one. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Machines, type MachineTrouble, NO_EFFECTS } from '../../../chaos/machines.ts';
import type { Fault } from '../../../chaos/plan.ts';
import { ChaosDriver } from '../../../chaos/toxiproxy/driver.ts';
import { PlanInterpreter } from '../../../chaos/toxiproxy/interpret.ts';
import type { Started } from './conformance.ts';
import { ManualClock } from './manual-clock.ts';
import { call, dial, eventually, roundTripMs, Upstream } from './wire.ts';

const DCS = [1, 2, 3];

/** Machines that only say what was done to them. */
class NotedMachines implements Machines {
  readonly #say: (what: string) => void;
  #skewedReads = 0;

  constructor(say: (what: string) => void) {
    this.#say = say;
  }

  kill = (dc: number) => this.#done(`lost ${dc}`);
  start = (dc: number) => this.#done(`back ${dc}`);
  pause = (dc: number) => this.#done(`paused ${dc}`);
  resume = (dc: number) => this.#done(`resumed ${dc}`);
  trouble = (dc: number, trouble: MachineTrouble) =>
    this.#done(`trouble ${dc} ${JSON.stringify(trouble)}`);

  effects() {
    this.#skewedReads += 7;
    return Promise.resolve({ ...NO_EFFECTS, skewedReads: this.#skewedReads });
  }

  #done(what: string): Promise<void> {
    this.#say(what);
    return Promise.resolve();
  }
}

export function driverConformance(name: string, start: () => Promise<Started>): void {
  describe(`${name}: driver and interpreter`, () => {
    let server: Started;
    let echo: Upstream;
    let driver: ChaosDriver;

    beforeAll(async () => {
      server = await start();
    });
    afterAll(() => server?.close());
    beforeEach(async () => {
      echo = await Upstream.echo();
      driver = new ChaosDriver(server.url);
      const names = DCS.flatMap((i) => [
        `dc${i}`,
        ...DCS.filter((j) => j !== i).map((j) => `link_${i}_${j}`),
      ]);
      const place = { listen: '127.0.0.1:0', upstream: echo.address };
      await driver.populate(names.map((proxy) => ({ name: proxy, ...place })));
    });
    afterEach(async () => {
      await driver.close();
      echo.close();
    });

    const disabled = async (): Promise<string[]> => {
      const enabled = await driver.enabledNames();
      return driver.names().filter((proxy) => !enabled.has(proxy));
    };
    const toxicsOf = async (proxy: string): Promise<string[]> => {
      const { json } = await call(server.url, 'GET', `/proxies/${proxy}/toxics`);
      return json.map(
        (toxic: { stream: string; attributes: { latency: number } }) =>
          `${toxic.stream} ${toxic.attributes.latency}`,
      );
    };

    it('sets latency both ways, again and again', async () => {
      await driver.setLatency('link_1_2', 5);
      await driver.setLatency('link_1_2', 40, 2);
      expect(await toxicsOf('link_1_2')).toEqual(['upstream 40', 'downstream 40']);
      const ms = await roundTripMs(await dial(driver.listenOf('link_1_2')));
      expect(ms).toBeGreaterThan(75);
      expect(ms).toBeLessThan(2_000);
    });

    it('disables and enables by name, on the same ports', async () => {
      const listen = driver.listenOf('dc2');
      const client = await dial(listen);
      await roundTripMs(client);
      await driver.disable(['dc2', 'link_1_2']);
      await client.gone();
      expect(new Set(await disabled())).toEqual(new Set(['dc2', 'link_1_2']));
      await expect(dial(listen)).rejects.toThrow('ECONNREFUSED');
      await driver.enable(['dc2', 'link_1_2']);
      expect(await disabled()).toEqual([]);
      await roundTripMs(await dial(listen));
    });

    it('rolls everything back, also behind a reader that has stalled', async () => {
      await driver.setLatency('dc1', 3);
      const flood = Buffer.alloc(32_000_000);
      const source = await Upstream.start((peer) => peer.flood(flood));
      const flooded = new ChaosDriver(server.url, { timeoutMs: 1_000 });
      await flooded.populate([
        { name: 'flooded', listen: '127.0.0.1:0', upstream: source.address },
      ]);
      const client = await dial(flooded.listenOf('flooded'));
      await client.received(1);
      client.socket.pause();
      await (await source.peer()).heldBack();

      // The real server hangs in this call (Shopify/toxiproxy#558): the driver does not wait.
      await flooded
        .addLatency('flooded', 'stuck', 'downstream', { ms: 9, jitterMs: 0 })
        .catch((error: Error) => expect(error.message).toContain('no answer within 1000 ms'));
      await driver.addLatency('dc1', 'extra', 'upstream', { ms: 99, jitterMs: 0 });
      await driver.disable(['dc3']);
      const listen = driver.listenOf('dc3');
      await flooded.rollback();
      await driver.rollback();
      expect(await disabled()).toEqual([]);
      expect(driver.listenOf('dc3')).toBe(listen);
      expect(await toxicsOf('dc1')).toEqual(['upstream 3', 'downstream 3']);
      await roundTripMs(await dial(listen));
      await flooded.close();
      client.socket.destroy();
      source.close();
    });

    it('says clearly what failed', async () => {
      await expect(driver.disable(['dc9'])).rejects.toThrow("no proxy 'dc9' was populated");
      const clash = { name: 'clash', listen: driver.listenOf('dc1'), upstream: echo.address };
      await expect(driver.populate([clash])).rejects.toThrow(/500 .*address already in use/);
      await expect(driver.populate([{ ...clash, name: 'a/b' }])).rejects.toThrow("'a/b' cannot be");
      await driver.addLatency('dc1', 'twice', 'upstream', { ms: 1, jitterMs: 0 });
      await expect(
        driver.addLatency('dc1', 'twice', 'upstream', { ms: 1, jitterMs: 0 }),
      ).rejects.toThrow('409 toxic already exists');
      expect(await driver.version()).toMatch(/./);
    });

    const play = (faults: readonly Fault[], signal?: AbortSignal) => {
      const clock = new ManualClock();
      const events: string[] = [];
      const interpreter = new PlanInterpreter({
        driver,
        dcs: DCS,
        clock,
        machines: new NotedMachines((what) => events.push(what)),
        log: (line) => void events.push(line),
      });
      // The window starts at 10 s of the clock, which stands at 1 s.
      const records = interpreter.run({ faults }, 10_000, signal);
      const seen = (event: string) => eventually(() => events.includes(event), event);
      return { clock, events, interpreter, records, seen };
    };

    it('plays a plan whose faults overlap, and records when', async () => {
      const loss: Fault = { kind: 'dc_loss', dc: 3, atSeconds: 10, forSeconds: 20 };
      const groups: [number[], number[]] = [[1], [2, 3]];
      const partition: Fault = { kind: 'partition', groups, atSeconds: 15, forSeconds: 25 };
      const { clock, events, interpreter, records, seen } = play([loss, partition]);
      const ofDc3 = ['link_1_3', 'link_2_3', 'dc3', 'link_3_1', 'link_3_2'];

      clock.advanceTo(19_999);
      expect(events).toEqual([]);
      clock.advanceTo(20_500);
      await seen('dc_loss of DC 3: in force');
      expect(events[0]).toBe('lost 3');
      expect(new Set(await disabled())).toEqual(new Set(ofDc3));

      clock.advanceTo(25_000);
      await seen('partition 1 | 2,3: in force');
      expect(new Set(await disabled())).toEqual(new Set([...ofDc3, 'link_1_2', 'link_2_1']));

      clock.advanceTo(40_000);
      await seen('dc_loss of DC 3: healed');
      expect(events).toContain('back 3');
      // The partition still holds what both had cut.
      expect(new Set(await disabled())).toEqual(
        new Set(['link_1_2', 'link_2_1', 'link_1_3', 'link_3_1']),
      );

      clock.advanceTo(50_000);
      expect(await records).toEqual([
        { fault: loss, firedAtSeconds: 10.5, healedAtSeconds: 30 },
        { fault: partition, firedAtSeconds: 15, healedAtSeconds: 40 },
      ]);
      expect(await disabled()).toEqual([]);
      expect(interpreter.problems).toEqual([]);
    });

    it('slows one direction, whichever side dialled', async () => {
      const slow: Fault = {
        kind: 'slow_link',
        from: 1,
        to: 2,
        addedMs: 77,
        atSeconds: 0,
        forSeconds: 5,
      };
      await driver.setLatency('link_1_2', 4);
      const { clock, records, seen } = play([slow]);
      clock.advanceTo(10_000);
      await seen('slow_link 1→2 by 77 ms: in force');
      expect(await toxicsOf('link_1_2')).toEqual(['upstream 4', 'upstream 77', 'downstream 4']);
      expect(await toxicsOf('link_2_1')).toEqual(['downstream 77']);
      clock.advanceTo(15_000);
      expect(await records).toEqual([{ fault: slow, firedAtSeconds: 0, healedAtSeconds: 5 }]);
      expect(await toxicsOf('link_1_2')).toEqual(['upstream 4', 'downstream 4']);
      expect(await toxicsOf('link_2_1')).toEqual([]);
    });

    it('lets nothing through in one direction, and loses nothing of it', async () => {
      const cut: Fault = { kind: 'one_way_cut', from: 1, to: 2, atSeconds: 0, forSeconds: 5 };
      const { clock, interpreter, records, seen } = play([cut]);
      const socket = await dial(driver.listenOf('link_1_2'));
      await roundTripMs(socket);
      clock.advanceTo(10_000);
      await seen('one_way_cut 1→2: in force');
      const back = roundTripMs(socket);
      const early = await Promise.race([back, new Promise((go) => setTimeout(go, 150, 'held'))]);
      expect(early).toBe('held');
      clock.advanceTo(15_000);
      expect(await records).toEqual([{ fault: cut, firedAtSeconds: 0, healedAtSeconds: 5 }]);
      await back;
      expect(interpreter.problems).toEqual([]);
    });

    it('flaps: down, up, and up in the end', async () => {
      const flap: Fault = {
        ...{ kind: 'flapping_link', a: 1, b: 3, downMs: 1000, upMs: 2000 },
        ...{ atSeconds: 0, forSeconds: 10 },
      };
      const { clock, events, interpreter, records, seen } = play([flap]);
      const down = ['link_1_3', 'link_3_1'];
      // Disabled as expected, and with its end and its next turn before it.
      const reaches = (expected: string[], waiting: number) =>
        eventually(
          async () => {
            const now = await disabled();
            const same = now.length === expected.length;
            return same && expected.every((name) => now.includes(name)) && clock.waiting >= waiting;
          },
          `disabled: ${expected.join(', ') || 'none'}`,
        );
      clock.advanceTo(10_000);
      await seen('flapping_link 1↔3, 1000 ms down, 2000 ms up: in force');
      await reaches(down, 2);
      clock.advanceTo(11_000);
      await reaches([], 2);
      clock.advanceTo(13_000);
      await reaches(down, 2);
      clock.advanceTo(20_000);
      expect(await records).toEqual([{ fault: flap, firedAtSeconds: 0, healedAtSeconds: 10 }]);
      await reaches([], 0);
      expect(events.filter((event) => event.includes('wrong'))).toEqual([]);
      expect(interpreter.problems).toEqual([]);
    });

    it('tells machines what is wrong with them, adds troubles up, and counts effects', async () => {
      const skew: Fault = { kind: 'clock_skew', dc: 2, ms: 500, atSeconds: 0, forSeconds: 10 };
      const slow: Fault = { kind: 'disk_slow', dc: 2, factor: 3, atSeconds: 5, forSeconds: 10 };
      const pause: Fault = { kind: 'pause', dc: 3, atSeconds: 5, forSeconds: 1 };
      const { clock, events, records, seen } = play([skew, slow, pause]);
      clock.advanceTo(10_000);
      await seen('clock_skew of DC 2 by 500 ms: in force');
      clock.advanceTo(15_000);
      await seen('disk_slow of DC 2, 3 times: in force');
      await seen('pause of DC 3: in force');
      clock.advanceTo(16_000);
      await seen('pause of DC 3: healed');
      clock.advanceTo(20_000);
      await seen('clock_skew of DC 2 by 500 ms: healed');
      clock.advanceTo(25_000);
      const trouble = (skewMs: number, diskSlowFactor: number): string =>
        `trouble 2 ${JSON.stringify({ skewMs, diskSlowFactor, diskFull: false })}`;
      const done = await records;
      expect(events.filter((event) => /^(trouble|paused|resumed)/.test(event))).toEqual([
        trouble(500, 1),
        ...(events.indexOf('paused 3') < events.indexOf(trouble(500, 3))
          ? ['paused 3', trouble(500, 3)]
          : [trouble(500, 3), 'paused 3']),
        'resumed 3',
        trouble(0, 3),
        trouble(0, 1),
      ]);
      expect(done[0]?.effects).toBeGreaterThan(0);
      expect(done[1]?.effects).toBe(0);
    });

    it('rolls back when aborted, and fires nothing more', async () => {
      const loss: Fault = { kind: 'dc_loss', dc: 2, atSeconds: 0, forSeconds: 60 };
      const later: Fault = { kind: 'dc_loss', dc: 1, atSeconds: 30, forSeconds: 5 };
      const abort = new AbortController();
      const { clock, events, records, seen } = play([loss, later], abort.signal);
      clock.advanceTo(10_000);
      await seen('dc_loss of DC 2: in force');
      clock.nowMs = 12_000;
      abort.abort();
      expect(await records).toEqual([
        { fault: loss, firedAtSeconds: 0, healedAtSeconds: 2 },
        { fault: later },
      ]);
      expect(events).toContain('back 2');
      expect(events).not.toContain('lost 1');
      expect(await disabled()).toEqual([]);
    });

    it('rolls everything back when a fault does not heal on its own', async () => {
      const loss: Fault = { kind: 'dc_loss', dc: 2, atSeconds: 0, forSeconds: 5 };
      const { clock, interpreter, records, seen } = play([loss]);
      clock.advanceTo(10_000);
      await seen('dc_loss of DC 2: in force');
      await call(server.url, 'DELETE', '/proxies/link_1_2'); // somebody else meddles
      clock.advanceTo(15_000);
      expect(await records).toEqual([{ fault: loss, firedAtSeconds: 0, healedAtSeconds: 5 }]);
      expect(interpreter.problems[0]).toMatch(/did not heal on its own.*404 proxy not found/);
      expect(await disabled()).toEqual([]);
      await roundTripMs(await dial(driver.listenOf('link_1_2')));
    });

    it('leaves out the time of a fault that could not fire', async () => {
      const nowhere: Fault = { kind: 'dc_loss', dc: 9, atSeconds: 0, forSeconds: 1 };
      const { clock, interpreter, records, seen } = play([nowhere]);
      clock.advanceTo(10_000);
      await eventually(() => interpreter.problems.length > 0, 'the problem is told');
      clock.advanceTo(11_000);
      await seen('dc_loss of DC 9: healed');
      expect(await records).toEqual([{ fault: nowhere }]);
      expect(interpreter.problems[0]).toMatch(/^dc_loss of DC 9: not in force: none of its/);
    });
  });
}
