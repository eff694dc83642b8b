/**
 * `toHoldSlos`, an assertion for test runners with `expect.extend` (vitest, jest):
 *
 *     import { matchers } from 'quincunx/matchers';
 *     expect.extend(matchers);
 *
 *     test('nothing is lost with DC 3', async () => {
 *       expect(await run('dc-outage', { worlds: ['cluster'] })).toHoldSlos();
 *     });
 *
 * An undecided run proves nothing: it fails `toHoldSlos()` and `not.toHoldSlos()` alike.
 */
import { sloValue } from '../../reports/render/format.ts';
import type { ResultsDocument, WorldResult } from '../../reports/results.ts';
import type { SloResult } from '../../reports/slo.ts';
import type { RunResult } from './result.ts';

/** What a test runner hands over as `this`, as far as it is used. */
export interface MatcherThis {
  readonly isNot?: boolean;
}

export interface MatcherOutcome {
  readonly pass: boolean;
  readonly message: () => string;
}

export interface Matchers {
  /** `received`: a result of `run` or `drill`, or the document that results.json holds. */
  toHoldSlos(this: MatcherThis, received: unknown): MatcherOutcome;
}

export const matchers: Matchers = {
  toHoldSlos(received) {
    const document = documentOf(received);
    if (document === undefined) {
      const hint = isPromise(received)
        ? 'a promise: write expect(await run(...))'
        : typeof received;
      // Fails with and without `not`: nothing was judged.
      return { pass: this.isNot === true, message: () => `toHoldSlos: use a result, not ${hint}` };
    }
    const { verdict } = document;
    return {
      pass: verdict === 'undecided' ? this.isNot === true : verdict === 'held',
      message: () => (verdict === 'held' ? heldText(document) : failureText(document)),
    };
  },
};

function documentOf(received: unknown): ResultsDocument | undefined {
  if (typeof received !== 'object' || received === null) return undefined;
  const result = received as Partial<RunResult>;
  const document = typeof result.toJSON === 'function' ? result.toJSON() : received;
  const { verdict, worlds } = document as Partial<ResultsDocument>;
  return typeof verdict === 'string' && typeof worlds === 'object'
    ? (document as ResultsDocument)
    : undefined;
}

function isPromise(value: unknown): boolean {
  return typeof (value as { then?: unknown } | undefined)?.then === 'function';
}

function heldText({ scenario, seed, worlds }: ResultsDocument): string {
  const slos = Object.values(worlds).reduce((sum, world) => sum + world.slos.length, 0);
  const where = Object.keys(worlds).join(', ');
  return `${scenario} (seed ${seed}): all ${slos} SLOs held (${where}); expected one to be broken`;
}

function failureText({ scenario, seed, verdict, worlds, reproduce }: ResultsDocument): string {
  const lines = Object.entries(worlds).flatMap(([name, world]) =>
    reasonsOf(world).map((reason) => `  ${name}: ${reason}`),
  );
  const what = verdict === 'broken' ? 'SLOs are broken' : 'is undecided, which proves nothing';
  return [`${scenario} (seed ${seed}) ${what}:`, ...lines, `again: ${reproduce}`].join('\n');
}

/** Why a world did not hold, the broken SLOs first. */
function reasonsOf({ slos, voidReasons, drill }: WorldResult): string[] {
  const of = (verdict: SloResult['verdict']): readonly SloResult[] =>
    slos.filter((slo) => slo.verdict === verdict);
  return [
    ...of('broken').map((slo) => `broken: ${slo.metric} ${slo.threshold}, was ${sloValue(slo)}`),
    ...(drill?.steps ?? [])
      .filter((step) => step.verdict === 'broken' || step.why !== undefined)
      .map(
        ({ name, atSeconds, why = 'not as it should be' }) => `${name} at ${atSeconds} s: ${why}`,
      ),
    ...voidReasons.map((reason) => `void: ${reason}`),
    ...of('undecided').map(
      ({ metric, threshold, why = 'not enough data' }) =>
        `undecided: ${metric} ${threshold} (${why})`,
    ),
  ];
}
