/**
 * Runs one fuzzed world and says whether every promise held: nothing lost, doubled or out of order,
 * replicas equal, no exception, everything settled once the faults have healed, and every fault
 * that was planned really struck.
 */
import type { MtprotoCrypto } from '../../../system-under-test/mtproto/crypto.ts';
import type { Topology } from '../../../system-under-test/topology.ts';
import {
  type ClusterObserver,
  type ClusterRun,
  type ClusterRunInput,
  runCluster,
} from '../run-cluster.ts';
import { VirtualLoopError } from '../virtual-loop.ts';
import { Coverage } from './coverage.ts';
import { ALWAYS_FIRES } from './draw-faults.ts';
import { withLimits } from './small-limits.ts';
import { drawWorld, type FuzzWorld } from './world.ts';

export interface FuzzContext {
  readonly topology: Topology;
  readonly crypto: MtprotoCrypto;
}

export interface Failure {
  /** What was promised, in one word or two: "lost", "order", "liveness", "no exception", ... */
  readonly invariant: string;
  readonly text: string;
  /** Virtual seconds from the start of the world until it was seen. */
  readonly virtualSeconds: number;
}

export interface WorldOutcome {
  /** Of every event of the run; empty when it ended in an exception. */
  readonly digest: string;
  readonly messages: number;
  /** How often each kind of operation was due. */
  readonly operations: Readonly<Record<string, number>>;
  readonly events: number;
  readonly virtualSeconds: number;
  /** How often each kind of fault really struck. */
  readonly faultsFired: Readonly<Record<string, number>>;
  readonly faultsPlanned: Readonly<Record<string, number>>;
  /** Distinct situations that the cluster was in (coverage.ts). */
  readonly states: readonly string[];
  readonly failure: Failure | undefined;
}

/** A world of a few thousand events; more than this is one that never comes to rest. */
const EVENTS_MAX = 2_000_000;

export async function runWorld(
  world: FuzzWorld,
  { topology, crypto }: FuzzContext,
  observer?: ClusterObserver,
): Promise<WorldOutcome> {
  const coverage = new Coverage(topology, world.faults);
  const common = {
    messages: world.messages.length,
    operations: countKinds(world.workload.operations),
    faultsPlanned: countKinds(world.faults),
  };
  try {
    const input: ClusterRunInput = {
      topology,
      crypto,
      people: world.people,
      messages: world.messages,
      workload: world.workload,
      faults: world.faults,
      disk: world.disk,
      seed: world.seed,
      ...(world.lookEveryMs > 0 ? { lookEveryMs: world.lookEveryMs } : {}),
      warmupSeconds: 0,
      windowSeconds: world.windowSeconds,
      stopAtViolation: true,
      eventsMax: EVENTS_MAX,
      onSecond: (atSeconds, cluster, crowd) => coverage.look(atSeconds, cluster, crowd),
      ...(observer ? { observer } : {}),
    };
    const run = await withLimits(world.limits, () => runCluster(input));
    const { digest, events, virtualSeconds } = run;
    const { states } = coverage;
    const fired = run.faults.filter((record) => record.firedAtSeconds !== undefined);
    const faultsFired = countKinds(fired.map(({ fault }) => fault));
    const failure = failureOf(run);
    return { ...common, digest, events, virtualSeconds, faultsFired, states, failure };
  } catch (error) {
    // Code under test threw, or waits for something that will never happen.
    if (!(error instanceof VirtualLoopError)) throw error;
    const virtualSeconds = error.virtualMs / 1_000;
    const failure = { invariant: 'no exception', text: error.message, virtualSeconds };
    const { states } = coverage;
    return {
      ...common,
      digest: '',
      events: 0,
      virtualSeconds,
      faultsFired: {},
      states,
      failure,
    };
  }
}

/** A seed's world, run once; or twice, to see that the same seed is the same run. */
export async function runSeed(
  seed: string,
  context: FuzzContext,
  twice: boolean,
): Promise<WorldOutcome> {
  const world = drawWorld(seed, context.topology);
  const outcome = await runWorld(world, context);
  if (!twice) return outcome;
  const again = await runWorld(world, context);
  if (again.digest === outcome.digest) return outcome;
  const text = `two runs of one seed differ: ${outcome.digest} and ${again.digest}`;
  const { virtualSeconds } = outcome;
  return { ...outcome, failure: { invariant: 'determinism', text, virtualSeconds } };
}

function countKinds(list: readonly { readonly kind: string }[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { kind } of list) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}

function failureOf(run: ClusterRun): Failure | undefined {
  const violation = run.crowd.ledger.violations[0];
  const { waiting, virtualSeconds } = run;
  if (violation) {
    return { ...violation, virtualSeconds: run.violatedAtSeconds ?? virtualSeconds };
  }
  if (waiting.length > 0) {
    const which = `${waiting[0]}${waiting.length > 1 ? ` and ${waiting.length - 1} more` : ''}`;
    const text = `${which} never settled although every fault had healed`;
    return { invariant: 'liveness', text, virtualSeconds };
  }
  const missed = run.faults.filter(
    ({ fault, firedAtSeconds }) => firedAtSeconds === undefined && ALWAYS_FIRES.has(fault.kind),
  );
  if (missed.length > 0) {
    const text = `${missed.length} planned faults never fired`;
    return { invariant: 'harness', text, virtualSeconds };
  }
  return undefined;
}
