/** From moments to laws and figures: made-up evidence whose answer is known. */
import { describe, expect, test } from 'vitest';
import { calibrationLoad } from '../../../scenarios/calibrate/load.ts';
import { outageFigures } from '../../../scenarios/calibrate/outage.ts';
import {
  calmEntries,
  linkWays,
  slicesOf,
  stationLaws,
} from '../../../scenarios/calibrate/stations.ts';
import type { Evidence, Passage, Place } from '../../../scenarios/calibrate/witness.ts';
import dcOutage from '../../../scenarios/library/dc-outage.ts';
import type { LedgerEntry } from '../../../sim/users/ledger.ts';
import type { StationName } from '../../../system-under-test/environment/index.ts';
import { dcIds, oneWayMs } from '../../../system-under-test/topology.ts';

const { topology } = dcOutage;
/** Machine ms at 0 of the ledger's clock, and the window's start on the machine's. */
const OFFSET_MS = 5000;
const START_MS = 6000;

/** What one message met, ms after it was due; people 0 and 1 are of DC 1, 2 and 3 of DC 3. */
interface Story {
  readonly dueMs: number;
  readonly sender: number;
  readonly recipient: number;
  readonly passed: Partial<Record<StationName, readonly [afterMs: number, dc: number]>>;
  readonly ackedMs?: number;
  readonly ack?: 'stored' | 'queued';
  readonly deliveredMs?: number;
}

/** `dueMs` counts from the window's start. */
function evidenceOf(
  stories: readonly Story[],
  more: Partial<Pick<Evidence, 'places' | 'returnedMs'>> = {},
): Evidence {
  const passages = new Map<number, Map<StationName, Passage>>();
  const entries = stories.map((story, id): LedgerEntry => {
    const dueMs = story.dueMs + START_MS - OFFSET_MS;
    const stations = Object.entries(story.passed) as [StationName, readonly [number, number]][];
    passages.set(
      id,
      new Map(
        stations.map(([name, [afterMs, dc]]) => {
          return [name, { atMs: dueMs + OFFSET_MS + afterMs, dc }];
        }),
      ),
    );
    const since = (ms: number | undefined) => (ms === undefined ? undefined : dueMs + ms);
    return {
      ...{ id, sender: story.sender, recipient: story.recipient, dueMs, measured: true },
      ...{ sentMs: dueMs, ackedMs: since(story.ackedMs), ack: story.ack ?? 'stored' },
      ...{ storedMs: since(story.ackedMs), deliveredMs: since(story.deliveredMs) },
      ...{ deliveredId: 1, refused: undefined },
    };
  });
  return {
    ...{ entries, passages, offsetMs: OFFSET_MS, windowStartMs: START_MS },
    homeOf: (user) => (user < 2 ? 1 : 3),
    ...{ places: [], returnedMs: [], ...more },
  };
}

const sameDc = (dueMs: number): Story => ({
  ...{ dueMs, sender: 0, recipient: 1, ackedMs: 25, deliveredMs: 26.5 },
  passed: { arrived: [12, 1], staged: [12.5, 1], durable: [14, 1], pushed: [14.5, 1] },
});
const crossDc = (dueMs: number): Story => ({
  ...{ dueMs, sender: 0, recipient: 2, ackedMs: 25, deliveredMs: 130 },
  passed: {
    ...{ arrived: [12, 1], staged: [12.5, 1], durable: [14, 1], inbound: [109, 3] },
    ...{ inbound_staged: [110, 3], inbound_durable: [112, 3], pushed: [113, 3] },
  },
});

describe('calm times', () => {
  const seen = evidenceOf([sameDc(0), crossDc(10), sameDc(20), sameDc(90_000)]);
  const calm = calmEntries(seen, 60);

  test('end before the loss', () => {
    expect(calm.map(({ id }) => id)).toEqual([0, 1, 2]);
  });

  test('stations are differences of moments', () => {
    const { access, front, sync, delivery } = stationLaws(seen, calm);
    expect(front.meanUs).toBeCloseTo(500);
    expect(sync.meanUs).toBeCloseTo((3 * 1500 + 2000) / 4);
    expect(delivery.meanUs).toBeCloseTo((500 + 1000 + 500) / 3);
    // Three up, three answers, three deliveries.
    expect(access.count).toBe(9);
    expect(access.meanUs).toBeCloseTo((3 * 12_000 + 3 * 11_000 + 12_000 + 17_000 + 12_000) / 9);
  });

  test('links are from durable to taken up', () => {
    expect(linkWays(seen, calm, topology)).toEqual([
      expect.objectContaining({
        from: 1,
        to: 3,
        count: 1,
        p50Ms: 95,
        mapMs: oneWayMs(topology, 1, 3),
      }),
    ]);
  });

  test('slices follow time', () => {
    const slow = { ...sameDc(30), ackedMs: 50 };
    const uneven = evidenceOf([sameDc(0), sameDc(10), slow, slow]);
    const slices = slicesOf(calmEntries(uneven, 60), 2);
    expect(slices.map(({ p50Ms }) => p50Ms)).toEqual([25, 50]);
  });

  test('a station that nobody passed is an error', () => {
    expect(() => stationLaws(evidenceOf([]), [])).toThrow(RangeError);
  });
});

describe('a loss', () => {
  const times = { atSeconds: 10, forSeconds: 5 };
  const lostMs = START_MS + 10_000;
  const returnedMs = lostMs + 5000 + 700;
  const places = (awayMs: number, silentMs: number): Place[] => [
    { atMs: START_MS, dc: 3 },
    { atMs: lostMs + 2, dc: undefined },
    { atMs: lostMs + awayMs, dc: 4 },
    { atMs: returnedMs + 900 - silentMs, dc: undefined },
    { atMs: returnedMs + 900, dc: 3 },
  ];
  const wayMs = oneWayMs(topology, 4, 3);
  /** The n-th write that waited at DC 4, due in the outage. */
  const queued = (n: number): Story => {
    const dueMs = 11_500 + n * 100;
    const backMs = returnedMs - START_MS - dueMs + 200 + wayMs + n * 2;
    return {
      ...{ dueMs, sender: 2, recipient: 3, ack: 'queued', ackedMs: 27, deliveredMs: backMs + 30 },
      passed: { arrived: [12 + wayMs, 4], staged: [backMs, 3], durable: [backMs + 1, 3] },
    };
  };
  const atHome: Story = {
    ...{ dueMs: 5000, sender: 2, recipient: 3, ackedMs: 25, deliveredMs: 26 },
    passed: { arrived: [12, 3], staged: [12.5, 3], durable: [14, 3] },
  };
  const stories = [atHome, ...Array.from({ length: 20 }, (_, n) => queued(n))];
  const seen = evidenceOf(stories, {
    places: [places(30, 4), places(50, 6)],
    returnedMs: [returnedMs],
  });

  test('gives how soon people left, how late it returned, how fast it drained', () => {
    const figures = outageFigures({ ...seen, entries: seen.entries }, topology, 3, [times]);
    expect(figures.detectMs.value).toBeCloseTo(30);
    expect(figures.reconnectSpreadMs.value).toBeCloseTo(19); // to the 95th percentile of 30 and 50
    expect(figures.restartMs.value).toBeCloseTo(700);
    expect(figures.redialMs.value).toBeCloseTo(200);
    expect(figures.writeGapMs.value).toBeCloseTo(2);
    expect(figures.moveBackMs).toMatchObject({ value: 5, count: 2 });
    expect(figures.guestWayShare.value).toBeCloseTo(1);
  });

  test('a DC that did not return is an error', () => {
    const gone = { ...seen, returnedMs: [] };
    expect(() => outageFigures(gone, topology, 3, [times])).toThrow('did not return');
  });
});

describe('the load', () => {
  const outages = [{ atSeconds: 10, forSeconds: 10 }];
  const load = calibrationLoad(topology, {
    ...{ users: 100, messagesPerSecond: 200, textBytes: 150, warmupSeconds: 2, seconds: 30 },
    ...{ lostDc: 3, backlogPerSecond: 80, outages, seed: '1' },
  });
  const homeOf = (user: number): number => load.people[user]!.homeDc;

  test('has everyone write, in order of time, on every link', () => {
    const links = new Set(load.messages.map((m) => `${homeOf(m.sender)} ${homeOf(m.recipient)}`));
    expect(links.size).toBe(dcIds(topology).length ** 2);
    expect(load.messages.every(({ dueMs }, i) => dueMs >= (load.messages[i - 1]?.dueMs ?? 0))).toBe(
      true,
    );
    expect(load.messages.every(({ sender, recipient }) => sender !== recipient)).toBe(true);
  });

  test('the people of the lost DC write more while it is out', () => {
    const rate = (fromMs: number, toMs: number): number =>
      load.messages.filter(
        ({ dueMs, sender }) => homeOf(sender) === 3 && dueMs >= fromMs && dueMs < toMs,
      ).length /
      ((toMs - fromMs) / 1000);
    expect(rate(0, 12_000) / 40).toBeCloseTo(1, 0);
    expect(rate(12_000, 22_000) / 80).toBeCloseTo(1, 0);
  });
});
