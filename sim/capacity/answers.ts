/** What somebody who has to decide asks first, answered in a sentence each. */
import { costOf } from './cost.ts';
import { coresOf } from './fleet.ts';
import { crossDcHops, pathQuantileMs } from './latency.ts';
import { sum } from './planet.ts';
import { type Context, lostNames, monthAfter } from './sections/context.ts';
import { ROLES } from './settings.ts';
import { slowestMs, type TargetSlo } from './solver.ts';
import { count, withUnit } from './units.ts';

export type Verdict = 'held' | 'broken';

/** Whether the fleet bears the losses it must, and keeps the promise asked for. */
export function verdictOf(context: Context, target?: TargetSlo): Verdict {
  if (context.outcome.solution && !context.outcome.solution.possible) return 'broken';
  const bearable = survivedStates(context);
  const holds = bearable.every(({ busy }) => busy.utilisation < 1) && fullestLink(context) < 1;
  const { limitMs } = promiseOf(context, target);
  return holds && slowestSurvived(context, target) < limitMs ? 'held' : 'broken';
}

/** Of links whose width is given; others are as wide as they must be. */
const fullestLink = ({ outcome }: Context): number =>
  Math.max(0, ...outcome.links.map(({ utilisation }) => utilisation));

const survivedStates = ({ states, world }: Context) =>
  states.filter(({ state }) => state.lost.length <= world.settings.survive);

/** The target asked for, or else the same-DC promise of the inputs. */
function promiseOf({ v }: Context, target?: TargetSlo): TargetSlo {
  return target ?? { path: 'same_dc', quantile: v.slo.quantile, limitMs: v.slo.deliveryMs };
}

function slowestSurvived(context: Context, target?: TargetSlo): number {
  const { v, outcome, world } = context;
  const promise = promiseOf(context, target);
  return Math.max(
    ...survivedStates(context).map(({ state }, i) =>
      slowestMs(v, world.planet, outcome.peaks[i]!, outcome.fleet, promise, state.lost),
    ),
  );
}

export function answersOf(
  context: Context,
  target?: TargetSlo,
): { question: string; answer: string }[] {
  return [
    { question: 'does it hold?', answer: holds(context, target) },
    { question: 'across datacentres?', answer: across(context) },
    { question: 'how much?', answer: howMuch(context) },
    { question: 'how sure?', answer: howSure(context) },
    { question: 'what breaks first?', answer: breaksFirst(context) },
    { question: 'what if one more is lost?', answer: oneMore(context) },
    { question: 'where does the money go?', answer: money(context) },
    { question: 'what rests on guesses?', answer: guesses(context) },
  ].filter(({ answer }) => answer !== '');
}

const LOSSES = ['nothing lost', 'any one datacentre lost', 'any two datacentres lost'] as const;

function holds(context: Context, target?: TargetSlo): string {
  const { outcome, world } = context;
  const promise = promiseOf(context, target);
  const text = `${promise.path} p${Math.round(promise.quantile * 10_000) / 100}`;
  const { solution } = outcome;
  if (solution && !solution.possible) {
    return (
      `no: without any waiting ${text} is ${withUnit(solution.floorMs, 'ms')} already, so no fleet ` +
      `keeps it under ${withUnit(promise.limitMs, 'ms')}; shorten the path instead`
    );
  }
  const ms = slowestSurvived(context, target);
  const survive = LOSSES[world.settings.survive];
  const busiest = survivedStates(context).reduce((a, b) =>
    b.busy.utilisation > a.busy.utilisation ? b : a,
  );
  const { busy, state } = busiest;
  const where = `${busy.role} ${busy.constraint} in ${world.planet.names[busy.dc]}`;
  const full = withUnit(busy.utilisation, 'share');
  if (fullestLink(context) >= 1) {
    return `no: with ${survive}, a backbone link is at ${withUnit(fullestLink(context), 'share')}`;
  }
  if (busy.utilisation >= 1 || !(ms < promise.limitMs)) {
    const loss = state.lost.length === 0 ? '' : ` when ${lostNames(world, state.lost)} is lost`;
    const slow = Number.isFinite(ms) ? `, ${text} ${withUnit(ms, 'ms')}` : '';
    return `no: with ${survive}, ${where} is at ${full}${loss}${slow}`;
  }
  return (
    `yes, with ${survive}: ${text} ${withUnit(ms, 'ms')} (promised ` +
    `${withUnit(promise.limitMs, 'ms')}); busiest: ${where}, ${full}`
  );
}

/** Which pairs of datacentres are close enough for the same promise. */
function across({ outcome, world, v }: Context): string {
  const { planet } = world;
  const { quantile, deliveryMs } = v.slo;
  const at = (dc: number) => ({ dc, load: outcome.peaks[0]![dc]!, servers: outcome.fleet[dc]! });
  const pairs = planet.ids.flatMap((_, from) =>
    planet.ids
      .map((_, to) => ({ from, to }))
      .filter(({ to }) => to !== from)
      .map(({ to }) => ({
        pair: `${planet.names[from]} → ${planet.names[to]}`,
        ms: pathQuantileMs(crossDcHops(v, planet, at(from), at(to)), quantile),
      })),
  );
  if (pairs.length === 0) return '';
  const slowest = pairs.reduce((a, b) => (b.ms > a.ms ? b : a));
  const within = pairs.filter(({ ms }) => ms < deliveryMs).length;
  const percent = `p${Math.round(quantile * 10_000) / 100}`;
  return (
    `${within} of ${pairs.length} directions stay under ${withUnit(deliveryMs, 'ms')} (${percent}); ` +
    `slowest ${slowest.pair}, ${withUnit(slowest.ms, 'ms')}`
  );
}

function howMuch({ outcome, world }: Context): string {
  const { values: v, fleet, costs } = outcome;
  const servers = ROLES.map(
    (role) => `${count(sum(fleet.map((counts) => counts[role])))} ${role}`,
  ).join(', ');
  const cores = count(sum(fleet.map((counts) => coresOf(v, counts))));
  const cost = withUnit(sum(costs.map(costOf)), 'usd/month');
  const how = world.settings.fleet ? 'given' : outcome.solution ? 'solved for' : 'sized';
  return `${servers} servers (${how}), ${cores} cores, ${cost} a month`;
}

/** Only where draws were asked for. */
function howSure({ plan, world }: Context): string {
  const held = plan.figures[`risk.holds${world.settings.survive}`]?.value;
  const costs = plan.tables['uncertainty']?.rows[0];
  if (held === undefined || held === null || !costs) return '';
  const [low, high] = [Number(costs['p10']), Number(costs['p90'])];
  return (
    `this fleet holds in ${withUnit(held, 'share')} of draws from all intervals; one sized for ` +
    `each costs ${withUnit(low, 'usd/month')} (P10) to ${withUnit(high, 'usd/month')} (P90) a month`
  );
}

function breaksFirst({ world, v, breaks }: Context): string {
  const found = breaks[world.settings.survive]!;
  const { start } = world.settings;
  const load = found.find(({ multiple }) => multiple !== undefined);
  const disk = found.find(({ multiple }) => multiple === undefined);
  const while_ = (lost: readonly number[]): string =>
    lost.length === 0 ? '' : ` while ${lostNames(world, lost)} is out`;
  const parts: string[] = [];
  if (load) {
    const users = count(load.multiple! * v.traffic.monthlyUsers);
    parts.push(
      `by load ${load.what} (${load.where}${while_(load.lost)}) at ${users} users, ` +
        `${withUnit(load.multiple!, 'x')} of today, ${monthAfter(start, load.years)}`,
    );
  }
  if (disk)
    parts.push(`by time ${disk.what} (${disk.where}), full ${monthAfter(start, disk.years)}`);
  return parts.join('; ');
}

function oneMore({ states, world, v }: Context): string {
  const losses = world.settings.survive + 1;
  const further = states.filter(({ state }) => state.lost.length === losses);
  if (further.length === 0) return '';
  const broken = further.filter(
    ({ busy, sameDcMs }) => busy.utilisation >= 1 || !(sameDcMs < v.slo.deliveryMs),
  );
  const what = losses === 1 ? 'losses' : 'pairs';
  if (broken.length === 0) return `all ${further.length} ${what} hold, too`;
  const worst = broken.reduce((a, b) => (b.busy.utilisation > a.busy.utilisation ? b : a));
  return (
    `${broken.length} of ${further.length} ${what} break it; worst ` +
    `${lostNames(world, worst.state.lost)}: ${worst.busy.role} ${worst.busy.constraint} in ` +
    `${world.planet.names[worst.busy.dc]} at ${withUnit(worst.busy.utilisation, 'share')}`
  );
}

function money({ outcome }: Context): string {
  const parts = ['compute', 'flash', 'disk', 'backbone', 'egress', 'cdn'] as const;
  const all = sum(outcome.costs.map(costOf));
  if (all === 0) return '';
  return parts
    .map((part) => ({ part, share: sum(outcome.costs.map((cost) => cost[part])) / all }))
    .sort((a, b) => b.share - a.share)
    .slice(0, 4)
    .map(({ part, share }) => `${part} ${withUnit(share, 'share')}`)
    .join(', ');
}

/** The assumed inputs that move the cost most, by the tornado that the plan has already. */
function guesses({ plan, inputs }: Context): string {
  const rows = plan.tables['tornadoCost']?.rows ?? [];
  const assumed = rows
    .map(({ input }) => String(input))
    .filter((path) => inputs.get(path)?.from === 'assumed');
  const origins = [...inputs.values()].map(({ from }) => from);
  const share = origins.filter((from) => from === 'assumed').length;
  const most =
    assumed.length > 0 ? `; those that move the cost most: ${assumed.slice(0, 3).join(', ')}` : '';
  return `${share} of ${origins.length} inputs are assumed${most}`;
}
