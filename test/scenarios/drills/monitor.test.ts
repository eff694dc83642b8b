import { describe, expect, it } from 'vitest';
import { type DrillInput, drillOf } from '../../../chaos/drill.ts';
import { Measurements } from '../../../reports/measurements.ts';
import { DrillMonitor } from '../../../scenarios/drills/monitor.ts';

const INPUT: DrillInput = {
  name: 'test',
  title: 'a test',
  steadyState: { seconds: 5, slos: { delivery_latency: ['p(50)<100ms'] } },
  faults: [{ kind: 'dc_loss', dc: 1, atSeconds: 0, forSeconds: 10 }],
  abortWhen: [
    { metric: 'delivery_latency', is: 'p(50)>1s', overSeconds: 2, forSeconds: 3 },
    { metric: 'backlog', is: 'max>1000', overSeconds: 1, forSeconds: 1 },
  ],
  recoverySeconds: 10,
  slos: { writes_lost: ['count==0'] },
};
const drill = drillOf(INPUT);

/** Plays second after second with these latencies (0: no message) until something is decided. */
function play(latencyOf: (second: number) => number, backlogOf = (_second: number) => 0) {
  const measurements = new Measurements({ windowSeconds: drill.seconds });
  const monitor = new DrillMonitor(drill);
  for (let second = 0; second < drill.seconds; second++) {
    const ms = latencyOf(second);
    const tags = { path: 'same_dc', dc: '2' };
    if (ms > 0) measurements.record('delivery_latency', ms, tags, second, 50);
    measurements.gauge('backlog', backlogOf(second), { dc: '1' }, second);
    const decision = monitor.look({ atSeconds: second + 1, measurements });
    if (decision !== 'go on') return { decision, atSeconds: second + 1, monitor };
  }
  monitor.end(measurements);
  return { decision: 'ended', atSeconds: drill.seconds, monitor };
}

const steps = ({ monitor }: ReturnType<typeof play>) =>
  monitor.steps.map(({ name, verdict }) => `${name}: ${verdict}`);

describe('a drill is watched', () => {
  it('goes on to its end where nothing is wrong', () => {
    const run = play(() => 20);
    expect(run.decision).toBe('ended');
    expect(steps(run)).toEqual(['steady state: held', 'recovered: held']);
  });

  it('does not begin without the steady state', () => {
    expect(play(() => 500)).toMatchObject({ decision: 'not steady', atSeconds: 5 });
    // Nothing measured is not steady either.
    const silent = play(() => 0);
    expect(silent.decision).toBe('not steady');
    expect(steps(silent)).toEqual(['steady state: undecided']);
    expect(silent.monitor.steps[0]?.why).toMatch(/nothing measured/);
  });

  it('aborts when a condition has been true for long enough, and not before', () => {
    // True from the look at 10 s on (two seconds over 1 s): three seconds later it is enough.
    const run = play((second) => (second >= 8 ? 3000 : 20));
    expect(run).toMatchObject({ decision: 'abort', atSeconds: 13 });
    expect(steps(run)).toEqual(['steady state: held', 'aborted: broken']);
    expect(run.monitor.steps[1]?.why).toMatch(/delivery_latency p\(50\)>1s: .* for 3 s/);
  });

  it('forgets a condition that was not true for a moment', () => {
    const spikes = play((second) => (second % 4 < 2 ? 3000 : 20) * (second >= 8 ? 1 : 0) || 20);
    expect(spikes.decision).toBe('ended');
  });

  it('aborts on a level as well', () => {
    const run = play(
      () => 20,
      (second) => (second === 10 || second === 11 ? 5000 : 0),
    );
    expect(run).toMatchObject({ decision: 'abort', atSeconds: 12 });
  });

  it('says when the steady state did not come back', () => {
    const run = play((second) => (second >= drill.seconds - 5 ? 300 : 20));
    expect(run.decision).toBe('ended');
    expect(steps(run)).toEqual(['steady state: held', 'recovered: broken']);
  });

  it('aborts within a second of the condition, wherever looks fall between the seconds', () => {
    // Four looks a second, as in the live world, each a little later than the one before.
    for (const offset of [0, 0.06, 0.12, 0.24]) {
      const measurements = new Measurements({ windowSeconds: drill.seconds });
      const monitor = new DrillMonitor(drill);
      const tags = { path: 'same_dc', dc: '2' };
      const trueFrom = 10.4;
      let abortedAt: number | undefined;
      for (let at = offset; abortedAt === undefined && at < drill.seconds; at += 0.26) {
        measurements.record('delivery_latency', 20, tags, at, 10);
        measurements.gauge('backlog', at >= trueFrom ? 5000 : 0, { dc: '1' }, at);
        if (monitor.look({ atSeconds: at, measurements }) === 'abort') abortedAt = at;
      }
      // It must have been so for a second; the rest is what looking costs.
      expect(abortedAt! - (trueFrom + 1)).toBeGreaterThanOrEqual(0);
      expect(abortedAt! - (trueFrom + 1)).toBeLessThan(0.6);
    }
  });
});
