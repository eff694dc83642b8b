/**
 * Looks on while a drill runs and decides: is the steady state there, must it be stopped? A state
 * machine over what was measured so far; it does nothing itself and knows no clock.
 */
import { type Drill, faultsOfDrill } from '../../chaos/drill.ts';
import { excerpt } from '../../reports/excerpt.ts';
import type { Measurements } from '../../reports/measurements.ts';
import type { DrillStep } from '../../reports/results.ts';
import { evaluateSlos, overallVerdict, type SloResult } from '../../reports/slo.ts';
import { definitionOf, parseSelection } from '../../reports/tags.ts';
import { compare, parseThreshold } from '../../reports/threshold.ts';
import type { Look } from '../worlds/world.ts';

export type Decision = 'go on' | 'not steady' | 'abort';

export class DrillMonitor {
  readonly #drill: Drill;
  readonly #firstFault: number;
  /** Since when each abort condition has been true, without a gap. */
  readonly #since: (number | undefined)[];
  readonly steps: DrillStep[] = [];
  /** The second in which it was decided to stop. */
  abortedAtSeconds: number | undefined;

  constructor(drill: Drill) {
    this.#drill = drill;
    this.#firstFault = Math.min(...faultsOfDrill(drill).map(({ atSeconds }) => atSeconds));
    this.#since = drill.abortWhen.map(() => undefined);
  }

  look({ atSeconds, measurements }: Pick<Look, 'atSeconds' | 'measurements'>): Decision {
    const { steadyState } = this.#drill;
    if (this.abortedAtSeconds !== undefined || atSeconds < steadyState.seconds) return 'go on';
    if (this.steps.length === 0) {
      const step = this.#steadiness('steady state', measurements, 0);
      this.steps.push(step);
      if (step.verdict !== 'held') return 'not steady';
    }
    if (atSeconds < this.#firstFault) return 'go on';
    const why = this.#trouble(atSeconds, measurements);
    if (why === undefined) return 'go on';
    this.abortedAtSeconds = atSeconds;
    this.steps.push({ name: 'aborted', atSeconds, verdict: 'broken', why });
    return 'abort';
  }

  /** Whether the steady state is back at the end, from everything that was measured. */
  end(measurements: Measurements): void {
    const { seconds, steadyState } = this.#drill;
    const fromSeconds = seconds - steadyState.seconds;
    this.steps.push(this.#steadiness('recovered', measurements, fromSeconds));
  }

  #steadiness(name: DrillStep['name'], measurements: Measurements, fromSeconds: number): DrillStep {
    const { seconds, slos } = this.#drill.steadyState;
    const toSeconds = fromSeconds + seconds;
    const results = evaluateSlos(slos, excerpt(measurements, [[fromSeconds, toSeconds]]));
    const verdict = overallVerdict(results);
    const failing = results.filter((result) => result.verdict !== 'held');
    const why = failing.map(sentence).join('; ');
    return { name, atSeconds: fromSeconds, verdict, ...(why === '' ? {} : { why }) };
  }

  /** The first abort condition that has been true for long enough, in words. */
  #trouble(atSeconds: number, measurements: Measurements): string | undefined {
    let found: string | undefined;
    this.#drill.abortWhen.forEach(({ metric, is, overSeconds, forSeconds }, index) => {
      const from = Math.max(0, atSeconds - overSeconds);
      const name = parseSelection(metric)?.metric ?? '';
      // Of that metric alone, as this is done four times a second; shares need what was due.
      const part = excerpt(measurements, [[from, atSeconds]], [name, 'messages_offered']);
      const [result] = isFarFrom(metric, is, part) ? [] : evaluateSlos({ [metric]: [is] }, part);
      if (result?.verdict !== 'held') {
        this.#since[index] = undefined;
        return;
      }
      const since = this.#since[index] ?? atSeconds;
      this.#since[index] = since;
      if (atSeconds - since < forSeconds) return;
      found ??= `${sentence(result)} over the last ${overSeconds} s, for ${forSeconds} s`;
    });
    return found;
  }
}

/**
 * The percentile alone, which most looks find to be far from trouble: with samples and interval
 * its verdict costs three times as much.
 */
function isFarFrom(key: string, is: string, part: Measurements): boolean {
  const { metric = '', tags = {} } = parseSelection(key) ?? {};
  const trend = metric as 'delivery_latency';
  const parsed = parseThreshold(is, definitionOf(trend));
  if ('problem' in parsed || parsed.threshold.percentile === undefined) return false;
  const { percentile, operator, limit } = parsed.threshold;
  const value = part.percentile(trend, percentile, tags);
  return value === undefined || !compare(value, operator, limit);
}

function sentence({ metric, threshold, value, unit, why }: SloResult): string {
  const measured = value === undefined ? 'nothing measured' : `${round(value)} ${unit}`;
  return `${metric} ${threshold}: ${measured}${why === undefined ? '' : ` (${why})`}`;
}

const round = (value: number): number => Math.round(value * 10) / 10;
