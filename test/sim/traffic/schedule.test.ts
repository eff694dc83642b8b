/** The scaled world's traffic: deterministic, in order, with the planet's shares and wave. */
import { describe, expect, test } from 'vitest';
import { Activity } from '../../../sim/traffic/activity.ts';
import { mixingMatrix } from '../../../sim/traffic/mixing.ts';
import { Population } from '../../../sim/traffic/population.ts';
import { MessageSchedule, type ScheduleInput, testPhone } from '../../../sim/traffic/schedule.ts';
import fiveDatacentres from '../../../system-under-test/five-datacentres.json' with {
  type: 'json',
};
import { homeOfPhone, type Topology } from '../../../system-under-test/topology.ts';

const TOPOLOGY = fiveDatacentres as unknown as Topology;
const input = (overrides: Partial<ScheduleInput> = {}): ScheduleInput => ({
  topology: TOPOLOGY,
  traffic: { users: 800e6, messagesPerDay: 55e9, textBytes: 150 },
  window: { fromUtc: '15:00', seconds: 120, warmupSeconds: 5 },
  users: 300,
  messagesPerSecond: 60,
  seed: 'schedule',
  ...overrides,
});

describe('people', () => {
  const { people } = new MessageSchedule(input());
  test('the shares of DCs are the planet’s, numbers and places are theirs', () => {
    const population = new Population(TOPOLOGY, 800e6, 'schedule');
    expect(people.length).toBe(300);
    for (let dc = 1; dc <= 5; dc++) {
      const exact = (population.countOf(dc - 1) / 800e6) * 300;
      const here = people.filter((person) => person.homeDc === dc);
      expect(Math.abs(here.length - exact)).toBeLessThan(1);
      here.forEach((person, k) => {
        expect(person.testPhone).toBe(testPhone(dc, k));
        expect(homeOfPhone(TOPOLOGY, person.testPhone!)).toBe(dc);
        expect(homeOfPhone(TOPOLOGY, person.phone)).toBe(dc);
        expect(population.person(person.planetIndex).city.name).toBe(person.city);
      });
    }
    expect(people.map((person) => person.index)).toEqual(people.map((_, i) => i));
    expect(new Set(people.map((person) => person.planetIndex)).size).toBe(300);
  });
  test('a larger world keeps the people of a smaller one', () => {
    const larger = new Set(
      new MessageSchedule(input({ users: 1000 })).people.map((person) => person.planetIndex),
    );
    expect(people.every((person) => larger.has(person.planetIndex))).toBe(true);
  });
  test('a planet of exactly these people', () => {
    const traffic = { users: 40, messagesPerDay: 1e6, textBytes: 10 };
    const all = new MessageSchedule(input({ traffic, users: 40 })).people;
    expect(new Set(all.map((person) => person.planetIndex)).size).toBe(40);
  });
});

describe('messages', () => {
  const schedule = new MessageSchedule(input());
  const messages = [...schedule.messages()];

  test('in order of time, numbered, within warm-up and window, never to oneself', () => {
    let last = -5000;
    messages.forEach((message, i) => {
      expect(message.sequence).toBe(i);
      expect(message.dueMs).toBeGreaterThanOrEqual(last);
      expect(message.sender).not.toBe(message.recipient);
      expect(message.textBytes).toBeGreaterThanOrEqual(1);
      expect(message.textBytes).toBeLessThanOrEqual(4096);
      last = message.dueMs;
    });
    expect(last).toBeLessThan(120_000);
    expect(messages[0]!.dueMs).toBeLessThan(0);
  });
  test('the same again, another for another seed', () => {
    expect([...schedule.messages()]).toEqual(messages);
    const [other] = new MessageSchedule(input({ seed: 'other' })).messages();
    expect(other).not.toEqual(messages[0]);
  });
  test('rate, length and DCs are the planet’s', () => {
    const big = [...new MessageSchedule(input({ messagesPerSecond: 400 })).messages()];
    const measured = big.filter((message) => message.dueMs >= 0);
    expect(Math.abs(measured.length - 48_000)).toBeLessThan(4 * Math.sqrt(48_000));
    const bytes = measured.reduce((sum, message) => sum + message.textBytes, 0) / measured.length;
    expect(Math.abs(bytes - 150)).toBeLessThan(4);
    const { world } = new Population(TOPOLOGY, 800e6, 'schedule');
    const activity = new Activity(world, 5, 55e9);
    const matrix = mixingMatrix(world, 5);
    const dcOf = (person: number): number => schedule.people[person]!.homeDc;
    const planet = activity.planetRate(15 * 3600 + 60);
    for (let dc = 1; dc <= 5; dc++) {
      const sent = measured.filter((message) => dcOf(message.sender) === dc);
      const share = activity.rateOf(dc - 1, 15 * 3600 + 60) / planet;
      expect(Math.abs(sent.length / measured.length - share)).toBeLessThan(0.01);
      const stays = sent.filter((message) => dcOf(message.recipient) === dc).length / sent.length;
      expect(Math.abs(stays - matrix[(dc - 1) * 6]!)).toBeLessThan(0.015);
    }
  });
  test('the wave: over six hours the planet’s rate rises and falls, and so does this one', () => {
    const window = { fromUtc: '14:00', seconds: 6 * 3600, warmupSeconds: 0 };
    const long = new MessageSchedule(input({ window, messagesPerSecond: 2 }));
    const byHour = [0, 0, 0, 0, 0, 0];
    for (const { dueMs } of long.messages()) byHour[Math.floor(dueMs / 3_600_000)]! += 1;
    expect(byHour[0]!).toBeGreaterThan(byHour[5]! * 1.1);
    const total = byHour.reduce((a, b) => a + b, 0);
    expect(Math.abs(total - 43_200)).toBeLessThan(4 * Math.sqrt(43_200));
  });
  test('two people write to each other even where DCs have nobody else', () => {
    const two = [...new MessageSchedule(input({ users: 2 })).messages()];
    expect(two.length).toBeGreaterThan(7000);
    expect(two.every((message) => message.sender === 1 - message.recipient)).toBe(true);
  });
});

describe('bad input', () => {
  test.each([
    [{ users: 1 }, 'use 2 to 800000000'],
    [{ users: 900e6 }, 'use 2 to'],
    [{ messagesPerSecond: 0 }, 'messages a second'],
    [{ window: { fromUtc: '25:00', seconds: 1, warmupSeconds: 0 } }, 'HH:MM'],
  ])('%j: %s', (overrides, message) => {
    expect(() => new MessageSchedule(input(overrides))).toThrow(message);
  });
  test('test phones exist for DCs 1 to 9 and users 0 to 9999', () => {
    expect(testPhone(3, 7)).toBe('9996630007');
    for (const [dc, number] of [
      [0, 0],
      [10, 0],
      [1, 10_000],
      [1, -1],
      [1, 0.5],
    ] as const) {
      expect(() => testPhone(dc, number)).toThrow('has none');
    }
  });
});
