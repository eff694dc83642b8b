/**
 * What a fault plan means for the model: which DCs are lost and when, when each link carries
 * nothing, and when it is slow. Times are microseconds of the window, DCs are indices.
 */
import { type Fault, lostDc, unsupportedFaults } from '../../chaos/plan.ts';
import { dcIds, type Topology } from '../../system-under-test/topology.ts';

/** From the first instant of a disturbance to the first after it. */
export interface Span {
  readonly fromUs: number;
  readonly toUs: number;
}

/** The loss of one DC. */
export interface Loss extends Span {
  readonly dc: number;
}

export interface Slowdown extends Span {
  readonly addedUs: number;
}

export interface Disturbances {
  /** In order of time; those of one DC do not touch each other. */
  readonly losses: readonly Loss[];
  /** When nothing may leave on a link, [from × dcCount + to]: disjoint, in order. */
  readonly closures: readonly (readonly Span[])[];
  readonly slowdowns: readonly (readonly Slowdown[])[];
  /** When something was last cut that ends in a DC; -1 where nothing is. */
  readonly cutUntilUs: readonly number[];
}

/** How long a DC that returns takes; see ServiceTimes. */
export interface Recovery {
  readonly restartMs: number;
  readonly redialMs: number;
}

/** Throws `RangeError` for faults that a model cannot have, and when every DC is lost at once. */
export function disturbancesOf(
  topology: Topology,
  faults: readonly Fault[],
  oneWayUs: Float64Array,
  recovery: Recovery = { restartMs: 0, redialMs: 0 },
): Disturbances {
  const beyond = unsupportedFaults(faults, 'model');
  if (beyond.length > 0) throw new RangeError(`model: ${beyond.join('; ')}`);
  const ids = dcIds(topology);
  const lossesOf = (id: number, recoveryMs: number): Span[] =>
    merged(
      faults.filter((fault) => lostDc(fault) === id).map((fault) => spanOf(fault, recoveryMs)),
    );
  const { restartMs, redialMs } = recovery;
  const down = ids.map((id) => lossesOf(id, restartMs));
  const linkless = ids.map((id) => lossesOf(id, restartMs + redialMs));
  const losses = down
    .flatMap((spans, dc) => spans.map((span): Loss => ({ ...span, dc })))
    .sort((a, b) => a.fromUs - b.fromUs || a.dc - b.dc);
  refuseTotalLoss(losses, ids.length);
  const pairs = ids.flatMap((from, i) => ids.map((to, j) => ({ from, to, i, j })));
  /** What leaves less than one way before the far side goes does not arrive. */
  const closed = (pair: (typeof pairs)[number]): Span[] => {
    const { from, to, i, j } = pair;
    if (i === j) return [];
    const wayUs = oneWayUs[i * ids.length + j]!;
    const cut = faults.filter((fault) => cuts(fault, from, to)).map((cut) => spanOf(cut));
    const deaf = [...linkless[j]!, ...cut].map((span) => ({
      ...span,
      fromUs: span.fromUs - wayUs,
    }));
    return merged([...deaf, ...linkless[i]!]);
  };
  const into = (dc: number): Span[] => [
    ...down[dc]!,
    ...pairs.flatMap(({ from, to, j }) =>
      j === dc ? faults.filter((cut) => cuts(cut, from, to)).map((cut) => spanOf(cut)) : [],
    ),
  ];
  return {
    losses,
    closures: pairs.map(closed),
    slowdowns: pairs.map(({ from, to }) => slowdownsOf(faults, from, to)),
    cutUntilUs: ids.map((_, dc) => Math.max(-1, ...into(dc).map((span) => span.toUs))),
  };
}

/** `afterMs`: it lasts so much longer than the fault. */
const spanOf = (fault: Fault, afterMs = 0): Span => ({
  fromUs: Math.round(fault.atSeconds * 1e6),
  toUs: Math.round((fault.atSeconds + fault.forSeconds) * 1e6 + afterMs * 1000),
});

/** Spans that touch or overlap become one. */
export function merged(spans: readonly Span[]): Span[] {
  const all: Span[] = [];
  for (const span of [...spans].sort((a, b) => a.fromUs - b.fromUs)) {
    const last = all.at(-1);
    if (last && span.fromUs <= last.toUs) {
      all[all.length - 1] = { ...last, toUs: Math.max(last.toUs, span.toUs) };
    } else all.push(span);
  }
  return all;
}

function refuseTotalLoss(losses: readonly Loss[], dcCount: number): void {
  for (const { fromUs } of losses) {
    const lost = losses.filter((loss) => loss.fromUs <= fromUs && fromUs < loss.toUs).length;
    if (lost >= dcCount) {
      throw new RangeError(
        `model: all ${dcCount} DCs are lost at second ${fromUs / 1e6}; leave one for the users`,
      );
    }
  }
}

function cuts(fault: Fault, from: number, to: number): boolean {
  if (from === to || fault.kind !== 'partition') return false;
  const [left, right] = fault.groups;
  return (left.includes(from) && right.includes(to)) || (right.includes(from) && left.includes(to));
}

function slowdownsOf(faults: readonly Fault[], from: number, to: number): Slowdown[] {
  return faults
    .filter((fault) => fault.kind === 'slow_link')
    .filter((fault) => fault.from === from && fault.to === to)
    .map((fault) => ({ ...spanOf(fault), addedUs: fault.addedMs * 1000 }));
}
