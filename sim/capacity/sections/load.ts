/** How much comes: means, peaks, connections, bursts, and what is promised. */
import { pathMeanMs, sameDcHops } from '../latency.ts';
import { DAYS_PER_MONTH, DAYS_PER_YEAR, storedRates, textShare } from '../stored.ts';
import type { Context } from './context.ts';

const MINUTES_PER_DAY = 1440;

export function addLoad({ plan, v, outcome, world }: Context): void {
  const { rates } = outcome;
  const { planet } = world;
  plan.figure(
    'load.messagesPerDay',
    'messages a day',
    rates.messagesPerDay,
    'messages/day',
    v.traffic.messagesPerDay > 0
      ? 'traffic.messagesPerDay'
      : 'traffic.dailyUsers × traffic.messagesPerUser, for traffic.messagesPerDay is 0',
  );
  plan.figure(
    'load.mean',
    'messages a second, mean of the day',
    rates.messagesPerSecond,
    'messages/s',
    'load.messagesPerDay / 86,400 s',
  );
  plan.figure(
    'load.peak',
    `messages a second, daily peak (${planet.peakUtc} UTC)`,
    rates.messagesPerSecond * planet.peak,
    'messages/s',
    'load.mean × the greatest of planet.wave',
  );
  plan.figure(
    'load.busiestPeak',
    'the same on the busiest day',
    rates.messagesPerSecond * planet.peak * v.traffic.busiestDayFactor,
    'messages/s',
    'load.peak × traffic.busiestDayFactor',
  );
  plan.figure(
    'load.reads',
    'reads a second, mean',
    rates.messagesPerSecond * v.traffic.readsPerWrite,
    'reads/s',
    'load.mean × traffic.readsPerWrite',
  );
  plan.figure(
    'load.botCalls',
    'bot calls a second, mean',
    rates.botCallsPerSecond,
    'calls/s',
    'traffic.botCallsPerDay / 86,400 s',
  );
  plan.figure(
    'load.burstPushes',
    'pushes a second of supergroups in a burst',
    rates.burstPushesPerSecond,
    'pushes/s',
    'supergroups.bursts × supergroups.burstPerMinute / 60 × supergroups.members × ' +
      'supergroups.onlineShare × supergroups.unmutedShare',
  );
  plan.figure(
    'load.connectionsPeak',
    v.sessions.openConnections > 0
      ? 'open connections at the peak'
      : "open connections at the peak (Little's law)",
    rates.connectionsMean * planet.peak,
    'connections',
    v.sessions.openConnections > 0
      ? 'sessions.openConnections'
      : 'traffic.dailyUsers × sessions.openSecondsPerDay / 86,400 s × the greatest of ' +
          'planet.wave, for sessions.openConnections is 0',
  );
  addInFlight({ plan, v, outcome, world });
  addPeaks({ plan, v, outcome, world });
}

/** Little's law once more: what is under way is rate times time. */
function addInFlight({
  plan,
  v,
  outcome,
  world,
}: Pick<Context, 'plan' | 'v' | 'outcome' | 'world'>) {
  const { planet } = world;
  let slowest = 0;
  for (const [dc, counts] of outcome.fleet.entries()) {
    slowest = Math.max(slowest, pathMeanMs(sameDcHops(v, planet, outcome.peaks[0]![dc]!, counts)));
  }
  plan.figure(
    'load.inFlight',
    "messages under way at the peak (Little's law)",
    (outcome.rates.messagesPerSecond * planet.peak * slowest) / 1000,
    'messages',
    'load.peak × mean same-DC delivery, from traffic.*, supergroups.*, sessions.*, service.*, ' +
      'storage.*, machines.*, sizing.*, growth.*, slo.*, prices.*, settings.survive, ' +
      'settings.failover, settings.fleet, settings.target, planet.access, planet.mixing, ' +
      'planet.users, planet.distances',
  );
}

function addPeaks({ plan, outcome, world }: Pick<Context, 'plan' | 'v' | 'outcome' | 'world'>) {
  const { rates } = outcome;
  const { planet } = world;
  const rate = rates.messagesPerSecond;
  plan.table(
    'peaks',
    'peaks by home datacentre (of a mean day)',
    [
      ['dc', 'datacentre', 'text'],
      ['users', 'users', 'users', 'traffic.monthlyUsers × planet.users'],
      ['mean', 'mean', 'messages/s', 'load.mean × planet.wave'],
      ['peak', 'peak', 'messages/s', 'load.mean × the greatest of planet.wave'],
      ['ratio', 'peak/mean', 'x', 'from planet.wave'],
      ['utc', 'at UTC', 'text', 'from planet.wave'],
      ['connections', 'connections', 'connections', 'load.connectionsPeak by planet.wave'],
    ],
    planet.ids.map((id, dc) => {
      const peak = planet.dcPeaks[dc]!;
      return {
        dc: `${id} ${planet.names[dc]}`,
        users: planet.users[dc]! * outcome.values.traffic.monthlyUsers,
        ...{ mean: rate * peak.mean, peak: rate * peak.rate, ratio: peak.rate / peak.mean },
        ...{ utc: peak.utc, connections: rates.connectionsMean * peak.rate },
      };
    }),
  );
}

export function addPromises({ plan, v, inputs }: Context): void {
  const { slo } = v;
  const hop = inputs.get('slo.hopMs')!;
  plan.figure(
    'slo.downtimeMonth',
    `${Number((slo.availability * 100).toPrecision(9))} % allows a month`,
    (1 - slo.availability) * DAYS_PER_MONTH * MINUTES_PER_DAY,
    'min',
    '(1 - slo.availability) × 365.25 days / 12',
  );
  plan.figure(
    'slo.downtimeYear',
    'and a year',
    (1 - slo.availability) * DAYS_PER_YEAR * MINUTES_PER_DAY,
    'min',
    '(1 - slo.availability) × 365.25 days',
  );
  const text = 'slo.deliveryMs - slo.hopMs, not below 0';
  const left = (hopMs: number): number => Math.max(0, slo.deliveryMs - hopMs);
  plan.figure('slo.leftLeast', 'left beside the slowest hop', left(hop.high), 'ms', text);
  plan.figure('slo.leftMost', 'left beside the fastest hop', left(hop.low), 'ms', text);
}

export function addStored({ plan, v, outcome, world }: Context): void {
  const stored = storedRates(v, outcome.rates);
  const { planet } = world;
  plan.figure(
    'stored.textPerDay',
    'text a day, one copy',
    stored.textPerDay,
    'bytes/day',
    'load.messagesPerDay × traffic.textBytes',
  );
  plan.figure(
    'stored.mediaPerDay',
    'media a day, one copy',
    stored.mediaPerDay,
    'bytes/day',
    'load.messagesPerDay × traffic.mediaShare × traffic.mediaBytes',
  );
  plan.figure(
    'stored.textOnDisk',
    'text a day, on all disks',
    stored.textOnDiskPerDay,
    'bytes/day',
    'load.messagesPerDay × storage.entriesPerMessage × (traffic.textBytes + ' +
      'storage.overheadBytes) × storage.spaceFactor × storage.dcCopies × storage.replicasPerDc',
  );
  plan.figure(
    'stored.mediaOnDisk',
    'media a day, on all disks',
    stored.mediaOnDiskPerDay,
    'bytes/day',
    'stored.mediaPerDay × storage.mediaUniqueShare × storage.mediaCopies',
  );
  const memory =
    'sessions: traffic.monthlyUsers × storage.sessionBytes; newest messages: storage.hotChats × ' +
    'storage.hotMessages × (traffic.textBytes + storage.overheadBytes); × storage.replicasPerDc ' +
    'by planet.users';
  const { storage, traffic } = v;
  const hot = storage.hotChats * storage.hotMessages * (traffic.textBytes + storage.overheadBytes);
  const inMemory = (hot + traffic.monthlyUsers * storage.sessionBytes) * storage.replicasPerDc;
  plan.table(
    'storage',
    'memory and disks by datacentre',
    [
      ['dc', 'datacentre', 'text'],
      [
        'connections',
        'connections',
        'bytes',
        'load.connectionsPeak by planet.wave × storage.connectionBytes',
      ],
      ['hot', 'sessions, cache', 'bytes', memory],
      ['text', 'text', 'bytes/day', 'stored.textOnDisk by planet.users and storage.dcCopies'],
      ['media', 'media', 'bytes/day', 'stored.mediaOnDisk by planet.users'],
    ],
    planet.ids.map((id, dc) => ({
      dc: `${id} ${planet.names[dc]}`,
      connections:
        outcome.rates.connectionsMean * planet.dcPeaks[dc]!.rate * storage.connectionBytes,
      hot: inMemory * planet.users[dc]!,
      text: stored.textOnDiskPerDay * textShare(v, planet, dc),
      media: stored.mediaOnDiskPerDay * planet.users[dc]!,
    })),
  );
}
