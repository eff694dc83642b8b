/** The small parts of a datacentre: keys, caches, lanes, sealed keys, and boxes in memory. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { VirtualLoop } from '../../../sim/cluster/virtual-loop.ts';
import { createVirtualDisk } from '../../../sim/cluster/virtual-store.ts';
import { keyOfSeed } from '../../../sim/core/seed.ts';
import { randomStream } from '../../../sim/core/streams.ts';
import { addMessage, type Box, Boxes } from '../../../system-under-test/datacenter/boxes.ts';
import {
  birthDcOf,
  eventKey,
  messageKey,
  POSITION_END,
  position,
  positionValue,
  userIdOf,
  userNumberOf,
} from '../../../system-under-test/datacenter/keys.ts';
import { Lanes } from '../../../system-under-test/datacenter/lanes.ts';
import { LIMITS } from '../../../system-under-test/datacenter/limits.ts';
import { LruMap } from '../../../system-under-test/datacenter/lru-map.ts';
import { derivedKey, seal, unseal } from '../../../system-under-test/datacenter/seal.ts';
import type { Store } from '../../../system-under-test/environment/index.ts';

describe('keys', () => {
  const number = fc.nat({ max: 36 ** 9 - 1 });

  test('sort as their numbers do', () => {
    fc.assert(
      fc.property(number, number, (a, b) => {
        expect(Math.sign(position(a) < position(b) ? -1 : position(a) > position(b) ? 1 : 0)).toBe(
          Math.sign(a - b),
        );
        expect(positionValue(position(a))).toBe(a);
        expect(position(a) < POSITION_END).toBe(true);
        expect(eventKey(a) < `e${POSITION_END}`).toBe(true);
      }),
    );
  });

  test('of messages sort by partner, then by id', () => {
    fc.assert(
      fc.property(number, number, number, number, (peer, id, otherPeer, otherId) => {
        const before = peer < otherPeer || (peer === otherPeer && id < otherId);
        expect(messageKey(peer, id) < messageKey(otherPeer, otherId)).toBe(before);
      }),
    );
  });

  test('of users carry the DC of birth', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), fc.nat({ max: 10 ** 9 }), (dc, count) => {
        const id = userIdOf(dc, count);
        expect([birthDcOf(id), userNumberOf(id)]).toEqual([dc, count]);
      }),
    );
  });
});

describe('LruMap', () => {
  test('never holds more than its limit, and keeps what was used last', () => {
    const limit = 8;
    const use = fc.record({ key: fc.nat(30), write: fc.boolean() });
    fc.assert(
      fc.property(fc.array(use, { maxLength: 200 }), (uses) => {
        const map = new LruMap<number, number>(limit);
        const held = new Map<number, number>();
        const recent: number[] = [];
        uses.forEach(({ key, write }, at) => {
          if (write) {
            map.set(key, at);
            held.set(key, at);
          } else {
            const value = map.get(key);
            if (value === undefined) return;
            expect(value).toBe(held.get(key));
          }
          recent.push(key);
          expect(map.size).toBeLessThanOrEqual(limit);
        });
        // Half of the limit is enough for what was used last, whatever else there is.
        const last = [...new Set(recent.toReversed())].slice(0, limit / 2);
        for (const key of last) expect(map.get(key)).toBe(held.get(key));
      }),
    );
  });

  test('forgets on demand', () => {
    const map = new LruMap<string, number>(2);
    map.set('a', 1);
    map.delete('a');
    expect([map.get('a'), map.size]).toEqual([undefined, 0]);
  });
});

describe('lanes', () => {
  test('keep the order of one user and let others pass', async () => {
    const lanes = new Lanes();
    const log: string[] = [];
    const gates: (() => void)[] = [];
    const task = (name: string) => async () => {
      log.push(`${name} starts`);
      await new Promise<void>((resolve) => gates.push(resolve));
      log.push(`${name} ends`);
      if (name === 'a2') throw new Error('a2 failed');
      return name;
    };
    const a1 = lanes.run(1, task('a1'));
    const a2 = lanes.run(1, task('a2'));
    const a3 = lanes.run(1, task('a3'));
    const b1 = lanes.run(2, task('b1'));
    const settled = Promise.allSettled([a1, a2, a3, b1]);
    expect(log).toEqual(['a1 starts', 'b1 starts']);
    expect(lanes.busy).toBe(2);
    gates[1]!();
    expect(await b1).toBe('b1');
    gates[0]!();
    await a1;
    await Promise.resolve();
    expect(log.slice(2)).toEqual(['b1 ends', 'a1 ends', 'a2 starts']);
    gates[2]!();
    // A task that fails does not hold up the next.
    await expect(a2).rejects.toThrow('a2 failed');
    await Promise.resolve();
    gates[3]!();
    expect(await a3).toBe('a3');
    await settled;
    await Promise.resolve();
    expect(lanes.busy).toBe(0);
  });
});

describe('sealed keys', () => {
  const secret = new Uint8Array(32).fill(9);
  const sealingKey = derivedKey(secret, 'a test');
  let drawn = 0;
  const randomness = { bytes: (count: number) => new Uint8Array(count).fill(drawn++) };
  const plain = new Uint8Array(256).map((_, index) => index);

  test('open under the same name and secret only, and not when a bit was changed', () => {
    const sealed = seal(sealingKey, 'key 1', plain, randomness);
    expect(unseal(sealingKey, 'key 1', sealed)).toEqual(plain);
    expect(seal(sealingKey, 'key 1', plain, randomness)).not.toEqual(sealed);
    expect(() => unseal(sealingKey, 'key 2', sealed)).toThrow();
    expect(() => unseal(derivedKey(secret, 'another use'), 'key 1', sealed)).toThrow();
    for (let byte = 0; byte < sealed.length; byte++) {
      const changed = Uint8Array.from(sealed);
      changed[byte]! ^= 1 << (byte % 8);
      expect(() => unseal(sealingKey, 'key 1', changed), `byte ${byte}`).toThrow();
    }
    for (const length of [0, 11, 12, 27, 28, sealed.length - 1]) {
      expect(() => unseal(sealingKey, 'key 1', sealed.subarray(0, length))).toThrow();
    }
  });
});

describe('boxes', () => {
  const withBoxes = async (body: (boxes: Boxes, store: Store) => Promise<void>): Promise<void> => {
    const loop = new VirtualLoop({ seed: 'boxes' });
    const disk = createVirtualDisk(loop, randomStream(keyOfSeed('boxes'), 'disk'), 'node');
    const store = disk.open();
    await loop.settle(body(new Boxes(store, 1), store));
  };
  const message = { peer: 17, out: true, date: 1, text: 'hello', entities: [] };

  test('have one object for all who use them at once, and the counters of the disk', () =>
    withBoxes(async (boxes, store) => {
      const [one, two] = await Promise.all([boxes.pin(9), boxes.pin(9)]);
      expect(one).toBe(two);
      expect(one.pins).toBe(2);
      const writes = ['aa', 'bb', ''].flatMap(
        (randomId) => addMessage(one, { ...message, out: randomId !== '' }, randomId).writes,
      );
      await store.write(writes);
      const again = await new Boxes(store, 1).pin(9);
      expect(again).toMatchObject({ pts: 3, lastId: 3, unread: 1 });
      expect([...again.randomIds]).toEqual([
        ['aa', { id: 1, pts: 1 }],
        ['bb', { id: 2, pts: 2 }],
      ]);
    }));

  test('remember only so many random_ids', () =>
    withBoxes(async (boxes) => {
      const box = await boxes.pin(9);
      for (let count = 0; count <= LIMITS.randomIdsPerBoxMax; count++) {
        addMessage(box, message, `id ${count}`);
      }
      expect(box.randomIds.size).toBe(LIMITS.randomIdsPerBoxMax);
      expect(box.randomIds.has('id 0')).toBe(false);
      expect(box.randomIds.has(`id ${LIMITS.randomIdsPerBoxMax}`)).toBe(true);
    }));

  test('leave memory when there are too many, but not while somebody uses them', async () => {
    let loads = 0;
    const store: Store = {
      write: () => Promise.resolve(),
      get: () => Promise.resolve(undefined),
      partitions: () => Promise.resolve([]),
      range: () => {
        loads++;
        return Promise.resolve([]);
      },
      close: () => Promise.resolve(),
    };
    const boxes = new Boxes(store, 1);
    const used = await boxes.pin(1);
    const idle: Box = await boxes.pin(2);
    boxes.unpin(idle);
    for (let user = 3; user <= LIMITS.boxesCachedMax + 2; user++)
      boxes.unpin(await boxes.pin(user));
    expect(loads).toBe(LIMITS.boxesCachedMax + 2);
    expect(await boxes.pin(1)).toBe(used);
    expect(loads).toBe(LIMITS.boxesCachedMax + 2);
    expect(await boxes.pin(2)).not.toBe(idle);
    expect(loads).toBe(LIMITS.boxesCachedMax + 3);
  });

  test('are loaded again after a read that failed', async () => {
    let fails = true;
    const store: Store = {
      write: () => Promise.resolve(),
      get: () => Promise.resolve(undefined),
      partitions: () => Promise.resolve([]),
      range: () => (fails ? Promise.reject(new Error('read error')) : Promise.resolve([])),
      close: () => Promise.resolve(),
    };
    const boxes = new Boxes(store, 1);
    await expect(boxes.pin(9)).rejects.toThrow('read error');
    fails = false;
    expect(await boxes.pin(9)).toMatchObject({ userId: 9, pins: 1 });
  });
});
