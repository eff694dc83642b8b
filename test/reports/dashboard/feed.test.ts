import { expect, test } from 'vitest';
import { EventBuffer } from '../../../reports/dashboard/event-buffer.ts';
import type { DashboardEvent } from '../../../reports/dashboard/events.ts';
import { DashboardFeed } from '../../../reports/dashboard/feed.ts';
import { dashboardPage } from '../../../reports/dashboard/page.ts';
import { liveFigures } from '../../../reports/live-figures.ts';
import { ABOUT, resultOf, snapshotAt, WATCHED } from './run-fixture.ts';

function feedOf(about = ABOUT) {
  const events: DashboardEvent[] = [];
  let now = 0;
  const feed = new DashboardFeed(
    about,
    WATCHED,
    (event) => events.push(event),
    () => now,
  );
  const wait = (ms: number): void => {
    now += ms;
  };
  const ofType = <T extends DashboardEvent['type']>(type: T) =>
    events.filter((event): event is Extract<DashboardEvent, { type: T }> => event.type === type);
  return { feed, events, wait, ofType };
}

test("a point has the figures of the terminal's live view", () => {
  const { feed, ofType } = feedOf();
  feed.look('cluster', snapshotAt(8));
  const figures = liveFigures(snapshotAt(8), WATCHED)!;
  const [same, cross] = figures.latencies;
  expect(ofType('point')).toEqual([
    {
      ...{ type: 'point', world: 'cluster', atSeconds: 8, backlog: figures.backlogs[0]!.waiting },
      duePerSecond: figures.duePerSecond,
      deliveredPerSecond: figures.deliveredPerSecond,
      latencyMs: {
        same_dc: [same!.p50Ms, same!.p99Ms],
        cross_dc: [cross!.p50Ms, cross!.p99Ms],
      },
    },
  ]);
  expect(figures.duePerSecond).toBe(100);
  const states = figures.lights.map(({ state }) => state);
  expect(ofType('state')[0]!.lights.map(({ state }) => state)).toEqual(states);
  expect(states).toEqual(['holds', 'broken', 'pending']);
});

test('one point a second however often it is looked at, none in the warm-up', () => {
  const { feed, ofType } = feedOf();
  for (let at = -2; at < 5; at += 0.25) feed.look('live', snapshotAt(at));
  expect(ofType('point').map(({ atSeconds }) => Math.floor(atSeconds))).toEqual([0, 1, 2, 3, 4]);
});

test('a long window has no more points than a screen can show', () => {
  const { feed, ofType } = feedOf({ ...ABOUT, windowSeconds: 20_000 });
  for (let at = 0; at < 25; at++) feed.look('cluster', snapshotAt(at));
  expect(ofType('point').map(({ atSeconds }) => atSeconds)).toEqual([0, 10, 20]);
});

test('SLOs are judged twice a second at most, and when a fault strikes or heals', () => {
  const { feed, wait, ofType } = feedOf();
  for (let at = 0; at < 12; at++) {
    feed.look('cluster', snapshotAt(at));
    wait(100);
  }
  const states = ofType('state');
  // At 0 s, at 4 (it strikes), half a second after that, and at 10 (it heals).
  expect(states).toHaveLength(4);
  expect(states.map(({ inForce }) => inForce.length)).toEqual([0, 1, 1, 0]);
});

test('faults: what is in force, and from when to when it was', () => {
  const { feed, wait, ofType } = feedOf();
  for (const at of [0, 3.5, 4.5, 9.5, 10.5]) {
    feed.look('live', snapshotAt(at));
    wait(1000);
  }
  const states = ofType('state');
  expect(states.map(({ inForce }) => inForce.map(({ secondsLeft }) => secondsLeft))).toEqual([
    ...[[], [], [5.5], [0.5], []],
  ]);
  expect(states[2]!.faults).toEqual([{ description: 'dc_loss of Dubai', firedAtSeconds: 4 }]);
  expect(states[4]!.faults).toEqual([
    { description: 'dc_loss of Dubai', firedAtSeconds: 4, healedAtSeconds: 10 },
  ]);
});

test('a fault that heals before its time ended between the two looks', () => {
  const { feed, wait, ofType } = feedOf();
  feed.look('live', snapshotAt(5));
  wait(1000);
  feed.look('live', { ...snapshotAt(6), inForce: [] });
  expect(ofType('state').at(-1)!.faults[0]).toMatchObject({ healedAtSeconds: 6 });
});

test('progress: four times a second, each new phase, and the end', () => {
  const { feed, wait, ofType } = feedOf();
  for (let turn = 0; turn < 20; turn++) {
    feed.progress('model', { phase: turn < 15 ? 'a' : 'b', done: turn / 20, text: '' });
    wait(50);
  }
  feed.progress('model', { phase: 'b', done: 1.2, text: '' });
  expect(ofType('progress').map(({ phase, done }) => [phase, done])).toEqual([
    ...[
      ['a', 0],
      ['a', 0.25],
      ['a', 0.5],
      ['b', 0.75],
      ['b', 1],
    ],
  ]);
});

test('a verdict has its own lights, and faults as they really were', () => {
  const { feed, ofType } = feedOf();
  feed.judged('cluster', resultOf());
  const [judged] = ofType('judged');
  expect(judged!.verdict).toBe('broken');
  expect(judged!.lights.map(({ state }) => state)).toEqual(['holds', 'broken', 'pending']);
  expect(judged!.faults).toEqual([
    { description: 'dc_loss of DC 3 (Dubai)', firedAtSeconds: 4.1, healedAtSeconds: 10.2 },
  ]);
});

test('the buffer is bounded: the latest of what changes, fewer points of a long run', () => {
  const buffer = new EventBuffer(4);
  const { feed, events } = feedOf();
  for (let at = 0; at < 10; at++) feed.look('cluster', snapshotAt(at));
  for (const event of events) buffer.add(event);
  const kept = buffer.since(0);
  const points = kept.flatMap(({ event }) => (event.type === 'point' ? [event.atSeconds] : []));
  expect(points.length).toBeLessThanOrEqual(4);
  expect([points[0], points.at(-1)]).toEqual([0, 9]);
  expect(kept.filter(({ event }) => event.type === 'state')).toHaveLength(1);
  const ids = kept.map(({ id }) => id);
  expect(ids).toEqual([...ids].sort((a, b) => a - b));
  expect(buffer.since(ids.at(-1)!)).toEqual([]);
});

test('the page: every SLO and world, nothing from elsewhere, nothing that a title says runs', () => {
  const { feed } = feedOf();
  const about = { ...ABOUT, title: '</script><script>alert(1)</script>' };
  const { html, policy } = dashboardPage(about, feed.lightsAtStart());
  expect(html).not.toContain('<script>alert');
  expect(html.match(/data-light="\d"/g)).toHaveLength(6);
  expect(html).not.toMatch(/(src|href)="(https?:)?\/\//);
  expect(policy).toMatch(/^default-src 'none'; script-src 'sha256-/);
  expect(policy).toContain("frame-ancestors 'none'");
});
