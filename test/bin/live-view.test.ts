import { describe, expect, test } from 'vitest';
import { LiveView } from '../../bin/live-view.ts';
import type { Fault } from '../../chaos/plan.ts';
import { Measurements } from '../../reports/measurements.ts';
import type { Look } from '../../scenarios/worlds/world.ts';
import { Screen } from './screen.ts';

const ESCAPE = String.fromCharCode(27);
const UTF8 = { TERM: 'xterm-256color', LANG: 'en_GB.UTF-8' };
const LOSS: Fault = { kind: 'dc_loss', dc: 3, atSeconds: 4, forSeconds: 6 };
const WATCHED = {
  slos: {
    'delivery_latency{path:same_dc}': ['p(99)<100ms', 'p(99)<10ms'],
    messages_delivered: ['count>100000'],
    drain_time: ['max<60s'],
  },
  faults: [LOSS],
  topology: { sites: [1, 2, 3].map((id) => ({ id, name: ['Miami', 'Oslo', 'Dubai'][id - 1]! })) },
};

/** A run at second `at`: 100 messages a second of 25 ms, a backlog for DC 3 from second 4 on. */
function lookAt(at: number, faults: readonly Fault[] = []): Look {
  const measurements = new Measurements({ windowSeconds: 30 });
  for (let second = 0; second < at; second++) {
    const path = { path: 'same_dc', dc: '1' };
    measurements.add('messages_offered', 100, { dc: '1' }, second);
    measurements.add('messages_delivered', 100, path, second);
    measurements.record('delivery_latency', 25, path, second, 100);
    if (second >= 4) measurements.gauge('backlog', second, { dc: '3' }, second);
  }
  return { atSeconds: at, measurements, inForce: faults };
}

function viewOn(screen: Screen, env: Readonly<Record<string, string>> = UTF8, quiet = false) {
  let now = 0;
  const exits = new Set<() => void>();
  const onExit = (listener: () => void) => {
    exits.add(listener);
    return () => exits.delete(listener);
  };
  const view = new LiveView(screen, () => now, quiet, { env, onExit });
  const show = (done: number, look?: Look, world = 'cluster'): void => {
    now += 600;
    if (look) view.observer(WATCHED)?.(look);
    view.report(world, { phase: 'load', done, text: 'as the world tells it' });
  };
  return { view, show, exits };
}

describe('on a terminal', () => {
  test('what is known of the run, drawn in place', () => {
    const screen = new Screen(80, 24);
    const { view, show } = viewOn(screen);
    view.say('title');
    show(0.1);
    for (let at = 1; at <= 9; at++) show(0.1 + at / 20, lookAt(at, at >= 4 ? [LOSS] : []));
    const lines = screen.text.split('\n');
    expect(lines[0]).toBe('title');
    expect(lines[1]).toMatch(/^cluster {2}load {40,}about \d+ s left$/);
    expect(lines[2]).toMatch(/^█{28}░{22} {2}55 % {2}9 s of 30 s$/);
    expect(lines[3]).toBe('faults   ! dc_loss of Dubai, 1 s left');
    expect(lines[4]).toBe('SLOs     ✓ 1 hold   ✗ 1 broken   · 2 to come   (so far)');
    expect(lines[5]).toMatch(/^latency {2}same DC {2}p50 25 ms {4}p99 25 ms {6}█{9}$/);
    expect(lines[6]).toMatch(/^rate {5}100\/s {4}due {7}100\/s {4}delivered/);
    expect(lines[7]).toMatch(/^backlog {2}8 for Dubai/);
    expect(lines[8]).toBe('         ✗ delivery_latency{path:same_dc} p(99)<10ms: 25 ms');
    expect(lines).toHaveLength(9);
  });

  test('a world that nobody can look into tells its own line', () => {
    const screen = new Screen(80, 24);
    const { show } = viewOn(screen);
    show(0.5, undefined, 'model');
    expect(screen.text.split('\n').at(-1)).toBe('as the world tells it');
  });

  test('the figures of a world do not stay for the next', () => {
    const screen = new Screen(80, 24);
    const { show } = viewOn(screen);
    show(0.9, lookAt(9));
    expect(screen.text).toContain('latency');
    show(0.1, undefined, 'live');
    expect(screen.text).not.toContain('latency');
  });

  test('in the end it is gone, and the cursor back', () => {
    const screen = new Screen(80, 24);
    const { view, show, exits } = viewOn(screen);
    show(0.5, lookAt(3));
    expect(screen.cursorShown).toBe(false);
    view.say('SIGINT: stopping');
    expect(screen.text).toBe('SIGINT: stopping');
    expect(screen.cursorShown).toBe(true);
    show(0.6, lookAt(4));
    view.clear();
    expect(screen.text).toBe('SIGINT: stopping');
    expect([screen.cursorShown, exits.size, screen.listeners]).toEqual([true, 0, 0]);
  });

  test('a process that ends in between gives the cursor back', () => {
    const screen = new Screen(80, 24);
    const { show, exits } = viewOn(screen);
    show(0.5, lookAt(3));
    for (const exit of exits) exit();
    expect([screen.cursorShown, screen.text]).toEqual([true, '']);
  });

  test('fits into any size, and follows a change of it', () => {
    for (const columns of [2, 9, 20, 40, 72, 73, 200]) {
      for (const rows of [2, 3, 6, 24]) {
        const screen = new Screen(columns, rows);
        const { show, view } = viewOn(screen);
        for (let at = 1; at <= 9; at++) show(at / 20, lookAt(at, [LOSS]));
        expect(screen.lines.length, `${columns}x${rows}`).toBeLessThanOrEqual(rows);
        view.clear();
        expect(screen.text, `${columns}x${rows}`).toBe('');
      }
    }
    const screen = new Screen(60, 24);
    const { show } = viewOn(screen);
    show(0.5, lookAt(5));
    screen.resize(100, 24);
    expect(screen.text.split('\n')[1]).toMatch(/^[█░]{50} {2}50 % {2}5 s of 30 s$/);
    expect(screen.text.match(/cluster/g)).toHaveLength(1);
  });

  test('no colour where none is wanted; no character beyond ASCII where it is not known', () => {
    const colours = new RegExp(`${ESCAPE}\\[\\d+m`);
    const plain = new Screen(100, 24);
    viewOn(plain, { ...UTF8, NO_COLOR: '1' }).show(0.5, lookAt(9, [LOSS]));
    expect(plain.written).not.toMatch(colours);
    const ascii = new Screen(100, 24);
    viewOn(ascii, { TERM: 'vt100' }).show(0.5, lookAt(9, [LOSS]));
    expect(ascii.written).toMatch(colours);
    expect(ascii.text).toMatch(/^[\n -~]+$/);
  });

  test('a name cannot move the cursor', () => {
    const screen = new Screen(100, 24);
    const { view } = viewOn(screen);
    const sites = [{ id: 3, name: `${ESCAPE}[2J${ESCAPE}[H` }];
    view.observer({ ...WATCHED, topology: { sites } })?.(lookAt(9, [LOSS]));
    view.report('cluster', { phase: 'load', done: 0.5, text: '' });
    view.report('cluster', { phase: 'audit', done: 0.9, text: '' });
    expect(screen.text).toContain('dc_loss of');
  });
});

describe('elsewhere', () => {
  const written = (env: Readonly<Record<string, string>>, isTTY: boolean, quiet = false) => {
    const lines: string[] = [];
    let now = 0;
    const stream = { isTTY, write: (text: string) => lines.push(text) };
    const onExit = () => () => undefined;
    const view = new LiveView(stream, () => now, quiet, { env, onExit });
    for (let at = 1; at <= 40; at++) {
      now += 100;
      view.observer(WATCHED)?.(lookAt(Math.ceil(at / 4), at > 20 ? [LOSS] : []));
      view.report('cluster', { phase: 'load', done: at / 50, text: '' });
    }
    view.clear();
    return lines;
  };

  test.each([
    ['no terminal', UTF8, false],
    ['a dumb one', { TERM: 'dumb' }, true],
  ])('%s: whole lines, about one a second, without escapes', (_name, env, isTTY) => {
    const lines = written(env, isTTY);
    expect(lines.length).toBeGreaterThanOrEqual(3);
    expect(lines.length).toBeLessThanOrEqual(5);
    expect(lines.join('')).not.toContain(ESCAPE);
    for (const line of lines) expect(line).toMatch(/^[^\n]+\n$/);
    expect(lines.at(-1)).toMatch(
      /^cluster +\d+% {2}load: \d s of 30 s, 100\/s, same DC p50 25 ms p99 25 ms, backlog \d, in force: dc_loss of Dubai, broken so far: delivery_latency\{path:same_dc\} p\(99\)<10ms/,
    );
  });

  test('quiet: nothing, and nobody looks', () => {
    expect(written(UTF8, true, true)).toEqual([]);
    const { view } = viewOn(new Screen(80, 24), UTF8, true);
    expect(view.observer(WATCHED)).toBeUndefined();
  });
});
