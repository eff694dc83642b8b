/** timeline.html as text: everything in it, escaped, capped, and nothing from outside. */
import { describe, expect, test } from 'vitest';
import { timeAxis } from '../../../reports/render/time-axis.ts';
import { renderTimeline } from '../../../reports/render/timeline.ts';
import type { Timeline, TimelineMessage } from '../../../reports/timeline.ts';

const CONTEXT = { version: '1.2.3', notes: ['replay: quincunx fuzz --replay x.json'] };

const message = (id: number, more: Partial<TimelineMessage> = {}): TimelineMessage => ({
  id,
  sender: 0,
  recipient: 1,
  sentSeconds: id,
  ackedSeconds: id + 0.2,
  ack: 'stored',
  deliveredSeconds: id + 0.3,
  deliveredId: id + 1,
  ...more,
});

const TIMELINE: Timeline = {
  seed: 'example-7',
  fromSeconds: 0,
  untilSeconds: 130,
  dcs: [
    { id: 1, name: 'Miami' },
    { id: 2, name: 'Amsterdam' },
  ],
  users: [
    { index: 0, homeDc: 1 },
    { index: 1, homeDc: 2 },
  ],
  faults: [{ text: 'dc_crash of DC 2', dcs: [2], fromSeconds: 1, untilSeconds: 2 }],
  lives: [
    { dc: 2, step: 'crashed', atSeconds: 1 },
    { dc: 2, step: 'told to start', atSeconds: 2 },
    { dc: 2, step: 'serves', atSeconds: 3 },
  ],
  linksDown: [{ from: 1, to: 2, fromSeconds: 1, untilSeconds: 3.5 }],
  connections: [
    { user: 0, dc: 1, fromSeconds: 0, untilSeconds: 130 },
    { user: 1, dc: 1, fromSeconds: 2, untilSeconds: 4 },
  ],
  messages: [
    message(0),
    message(1, { ack: 'queued' }),
    message(2, { deliveredSeconds: undefined, deliveredId: undefined }),
  ],
  broken: {
    invariant: 'lost',
    text: 'message 2, acknowledged, is not in its <recipient>',
    messages: [2],
    facts: [
      { lane: { kind: 'device', user: 0 }, atSeconds: 2.2, text: 'user 0 is told' },
      { lane: { kind: 'device', user: 1 }, atSeconds: 128, text: 'it is not there' },
    ],
  },
};

describe('timeline.html', () => {
  const html = renderTimeline(TIMELINE, CONTEXT);

  test('needs no script and nothing from outside', () => {
    expect(html).not.toMatch(/<script|https?:|@import|<link/);
    expect(html).toContain("default-src 'none'");
    expect(html).toContain('prefers-color-scheme: dark');
  });

  test('says what was broken, escaped, with both facts and the way to run it again', () => {
    expect(html).toContain('Broken: lost');
    expect(html).toContain('is not in its &lt;recipient&gt;');
    expect(html).toContain('<b>user 0, 2.20 s:</b> user 0 is told');
    expect(html).toContain('<b>user 1, 128.00 s:</b> it is not there');
    expect(html).toContain('quincunx fuzz --replay x.json');
  });

  test('shows faults, lives, links, connections and messages on hovering', () => {
    for (const title of [
      'dc_crash of DC 2: 1.00 s to 2.00 s',
      'DC 2 is dead: 1.00 s to 3.00 s',
      'link 1→2 down: 1.00 s to 3.50 s',
      'user 1 is connected to DC 1: 2.00 s to 4.00 s',
      'message 1: user 0 to user 1, sent 1.00 s, queued 1.20 s, shown 1.30 s as number 2',
      'message 2: user 0 to user 1, sent 2.00 s, stored 2.20 s, never shown',
    ]) {
      expect(html).toContain(`<title>${title}</title>`);
    }
  });

  test('has no number that is none', () => {
    expect(html).not.toMatch(/NaN|undefined|Infinity/);
  });

  test('leaves out what cannot be read, says so, and keeps what it is about', () => {
    const many = Array.from({ length: 200 }, (_, id) => message(id));
    const users = Array.from({ length: 30 }, (_, index) => ({ index, homeDc: 1 }));
    const big = { ...TIMELINE, messages: many, users };
    const about = renderTimeline(
      { ...big, broken: { ...TIMELINE.broken!, messages: [199] } },
      CONTEXT,
    );
    expect(about).toContain('Left out: 160 of 200 messages');
    expect(about).toContain('Left out: 14 of 30 users');
    expect(about).toContain('message 199: user 0 to user 1');
  });

  test('a run that kept its promises, with nothing in it, is a page as well', () => {
    const empty = renderTimeline(
      { ...TIMELINE, faults: [], lives: [], linksDown: [], messages: [], broken: undefined },
      CONTEXT,
    );
    expect(empty).toContain('Every promise held');
    expect(empty).not.toMatch(/NaN|undefined|Infinity/);
  });
});

describe('the time axis', () => {
  test('draws a long quiet stretch short, and everything in order', () => {
    const { x, breaks, ticks } = timeAxis([0, 1, 2, 3, 140], 100, 1_100);
    expect(breaks).toEqual([{ fromSeconds: 4, untilSeconds: 139 }]);
    const places = [0, 1, 2, 3, 4, 50, 139, 140].map(x);
    expect(places).toEqual(places.toSorted((a, b) => a - b));
    expect([x(0), x(140)]).toEqual([100, 1_100]);
    expect(x(3) - x(2)).toBeGreaterThan(100);
    expect(ticks.every((tick) => tick <= 4 || tick >= 139)).toBe(true);
  });

  test('of a single moment is still an axis', () => {
    const { x, ticks } = timeAxis([0], 0, 10);
    expect([x(0), x(1)]).toEqual([0, 10]);
    expect(ticks.length).toBeGreaterThan(3);
  });
});
