/** A scenario or a drill of the library as somebody would have written it, without its defaults. */
import type { AbortCondition, DrillInput } from '../../chaos/drill.ts';
import { ALL_DIRECT, MIXES, type Mix } from '../../sim/traffic/kinds.ts';
import { TRAFFIC_DATE } from '../../sim/traffic/traffic-date.ts';
import type { Scenario } from '../define.ts';

/** Fields in the order in which they are written. */
export type PlainFields = Readonly<Record<string, unknown>>;

/** What is as it would be anyway is left out; `expected` too, for it is about the original. */
export function plainScenario(scenario: Scenario, name: string): PlainFields {
  const { title, traffic, window, faults, slos, worlds, needs } = scenario;
  const { date, fromUtc, seconds, warmupSeconds } = window;
  const when = { fromUtc, seconds, warmupSeconds };
  const { users, messagesPerDay, mix, shapes, series } = traffic;
  const { travellersShare, conversations } = traffic;
  return {
    name,
    title,
    traffic: {
      ...{ users, messagesPerDay },
      ...(isAllDirect(mix) ? {} : { mix: mixName(mix) ?? mix }),
      ...(shapes.length === 0 ? {} : { shapes }),
      ...(series === undefined ? {} : { series }),
      ...(travellersShare === 0 ? {} : { travellersShare }),
      ...(conversations === undefined ? {} : { conversations }),
    },
    window: date === TRAFFIC_DATE ? when : { ...when, date },
    ...(faults.length === 0 ? {} : { faults }),
    slos,
    worlds,
    ...(needs.length === 0 ? {} : { needs }),
  };
}

export function plainDrill(drill: DrillInput, name: string): PlainFields {
  const { title, steadyState, faults, abortWhen, recoverySeconds, slos, blastRadius } = drill;
  return {
    ...{ name, title, steadyState, faults },
    ...((abortWhen ?? []).length === 0 ? {} : { abortWhen: abortWhen?.map(inOrder) }),
    ...(recoverySeconds === undefined ? {} : { recoverySeconds }),
    slos,
    ...(Object.keys(blastRadius ?? {}).length === 0 ? {} : { blastRadius }),
  };
}

const inOrder = ({ metric, is, ...times }: AbortCondition): AbortCondition => ({
  ...{ metric, is },
  ...times,
});

const isSame = (a: Mix, b: Mix): boolean =>
  Object.keys(b).every((kind) => a[kind as keyof Mix] === b[kind as keyof Mix]);

const isAllDirect = (mix: Mix): boolean => isSame(mix, ALL_DIRECT);

function mixName(mix: Mix): string | undefined {
  return Object.entries(MIXES).find(([, known]) => isSame(mix, known))?.[0];
}
