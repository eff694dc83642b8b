/** Latency by hop, what each loss breaks, backlogs, and what breaks first as load grows. */
import { dcName } from '../breaking.ts';
import { crossDcHops, type Hop, pathMeanMs, pathQuantileMs, sameDcHops } from '../latency.ts';
import { backlogAfter } from '../outages.ts';
import { indexOfGreatest } from '../planet.ts';
import { slowestMs } from '../solver.ts';
import { type Context, FLEET_FORMULA, lostNames, monthAfter } from './context.ts';

export function addLatency(context: Context): void {
  const { plan, v, outcome, world, states } = context;
  const { planet } = world;
  const p = v.slo.quantile;
  const percent = `p${Math.round(p * 10_000) / 100}`;
  const at = (dc: number) => ({
    ...{ dc, load: outcome.peaks[0]![dc]!, servers: outcome.fleet[dc]! },
  });
  const [from, to] = longestLink(context);
  const same = sameDcHops(v, planet, at(from).load, at(from).servers);
  const cross = crossDcHops(v, planet, at(from), at(to));
  plan.figure(
    'latency.sameDc',
    `same-DC ${percent}, slowest datacentre, at the peak`,
    states[0]!.sameDcMs,
    'ms',
    `three moments of all hops, from fleet.servers and ${FLEET_FORMULA}`,
  );
  const how = { path: 'cross_dc', quantile: p } as const;
  plan.figure(
    'latency.crossDc',
    `cross-DC ${percent}, slowest pair, at the peak`,
    slowestMs(v, planet, outcome.peaks[0]!, outcome.fleet, how),
    'ms',
    'latency.sameDc and planet.distances',
  );
  const named = `${planet.names[from]} → ${planet.names[to]}`;
  const row = (hop: Hop) => ({
    hop: hop.name,
    mean: 1000 * hop.moments.mean,
    quantile: pathQuantileMs([hop], p),
  });
  const total = (hops: readonly Hop[]) => ({
    ...{ hop: 'whole path', mean: pathMeanMs(hops), quantile: pathQuantileMs(hops, p) },
    left: v.slo.deliveryMs - pathQuantileMs(hops, p),
  });
  const formula = 'hops of latency.sameDc';
  const columns = [
    ['hop', 'hop', 'text'],
    ['mean', 'mean', 'ms', formula],
    ['quantile', percent, 'ms', formula],
    ['left', `left of ${v.slo.deliveryMs} ms`, 'ms', `slo.deliveryMs - ${formula}`],
  ] as const;
  const note = 'percentiles of hops do not add up; the last line is that of the sum';
  const withoutLeft = (hops: readonly Hop[]) => hops.map((hop) => ({ ...row(hop), left: null }));
  plan.table(
    'hopsSameDc',
    `latency by hop, inside ${planet.names[from]}`,
    columns,
    [...withoutLeft(same), total(same)],
    note,
  );
  plan.table(
    'hopsCrossDc',
    `latency by hop, ${named}`,
    columns,
    [...withoutLeft(cross), total(cross)],
    note,
  );
}

function longestLink({ world }: Context): [number, number] {
  const { planet } = world;
  const link = indexOfGreatest(planet.oneWayMs);
  return [Math.floor(link / planet.dcCount), link % planet.dcCount];
}

export function addLosses({ plan, v, world, states }: Context): void {
  const percent = `p${Math.round(v.slo.quantile * 10_000) / 100}`;
  plan.table(
    'losses',
    'which loss breaks what (at the worst moment of the busiest day)',
    [
      ['lost', 'lost', 'text'],
      ['first', 'first bottleneck', 'text', 'fleet.servers'],
      ['busy', 'busy', 'share', 'fleet.servers'],
      ['sameDc', `same-DC ${percent}`, 'ms', 'latency.sameDc'],
      ['verdict', '', 'text', 'latency.sameDc and sizing.utilisationMax'],
    ],
    states.map(({ state, busy, sameDcMs }) => ({
      lost: lostNames(world, state.lost),
      first: `${busy.role} ${busy.constraint}, ${dcName(world, busy.dc)}`,
      busy: busy.utilisation,
      sameDc: sameDcMs,
      verdict: verdictOf(busy.utilisation, sameDcMs, v.sizing.utilisationMax, v.slo.deliveryMs),
    })),
  );
}

function verdictOf(busy: number, ms: number, busyMax: number, limitMs: number): string {
  if (busy >= 1) return 'overloaded';
  if (!(ms < limitMs)) return 'too slow';
  return busy > busyMax * 1.0001 ? 'holds, little room' : 'holds';
}

export function addOutages({ plan, v, outcome, world }: Context): void {
  const { planet, settings } = world;
  const formula =
    'greatest of the day over settings.outageMinutes, from traffic.*, planet.wave and ' +
    'planet.mixing';
  const drain = `backlog over what recovery.* leaves of fleet.servers, less what arrives: ${formula}`;
  const rows = settings.outageMinutes.map((minutes) => {
    const backlogs = planet.ids.map((_, dc) =>
      backlogAfter(v, planet, outcome.rates, outcome.fleet, dc, minutes),
    );
    const worst = backlogs[indexOfGreatest(backlogs.map(({ drainSeconds }) => drainSeconds))]!;
    return {
      outage: minutes * 60,
      dc: dcName(world, worst.dc),
      ...{ writes: worst.writes, messages: worst.messages, bytes: worst.bytes },
      drain: worst.drainSeconds,
    };
  });
  plan.table(
    'outages',
    'backlog of a lost datacentre, and how long it drains (the slowest datacentre)',
    [
      ['outage', 'outage', 's'],
      ['dc', 'lost', 'text'],
      ['writes', 'queued writes', 'messages', formula],
      ['messages', 'held for it', 'messages', formula],
      ['bytes', 'bytes', 'bytes', `(traffic.textBytes + storage.overheadBytes) × both: ${formula}`],
      ['drain', 'drains in', 's', drain],
    ],
    rows,
  );
}

export function addBreaking({ plan, v, world, breaks }: Context): void {
  const rowsOf = (losses: number) =>
    breaks[losses]!.map(({ what, where, lost, multiple, years }) => ({
      ...{ what, where, lost: lostNames(world, lost) },
      multiple: multiple ?? null,
      users: multiple === undefined ? null : multiple * v.traffic.monthlyUsers,
      month: monthAfter(world.settings.start, years),
    }));
  const columns = [
    ['what', 'what', 'text', 'fleet.servers'],
    ['where', 'where', 'text', 'fleet.servers'],
    ['lost', 'while lost', 'text', 'fleet.servers'],
    ['multiple', 'load', 'x', 'capacity of fleet.servers and network.* over need'],
    ['users', 'users', 'users', 'load × traffic.monthlyUsers'],
    ['month', 'in', 'text', 'settings.start + growth.*'],
  ] as const;
  const note = 'a load of 1 is today; "in" is when growth gets there. Disks fill with time';
  plan.table('breaks', 'what breaks first, nothing lost', columns, rowsOf(0), note);
  if (world.settings.survive === 0) return;
  const lost = world.settings.survive === 1 ? 'any one datacentre lost' : 'any two lost';
  const id = 'breaksLost';
  plan.table(id, `what breaks first, ${lost}`, columns, rowsOf(world.settings.survive), note);
}
