/** How many servers, why so many, and what binds; links; what the published figure would need. */
import { bitsOf } from '../backbone.ts';
import { busyOf, byRole, coresOf } from '../fleet.ts';
import { sum } from '../planet.ts';
import { pooledServers } from '../queues.ts';
import { ROLES, type Role } from '../settings.ts';
import { type Context, FLEET_FORMULA, lostNames } from './context.ts';

export function addFleet(context: Context): void {
  const { plan, v, outcome } = context;
  const { fleet } = outcome;
  const total = (role: Role): number => sum(fleet.map((counts) => counts[role]));
  const servers = sum(ROLES.map(total));
  plan.figure('fleet.servers', 'servers', servers, 'servers', FLEET_FORMULA);
  const cores = sum(fleet.map((counts) => coresOf(v, counts)));
  plan.figure('fleet.cores', 'cores', cores, 'cores', 'fleet.servers × machines.*');
  const messageCores = cores - total('media') * v.machines.mediaCores;
  plan.figure(
    'fleet.messageCores',
    'cores without media servers',
    messageCores,
    'cores',
    'fleet.cores - media servers × machines.mediaCores',
  );
  const busy = sum(outcome.peaks[0]!.map(({ cores: c }) => c.front + c.router + c.store));
  plan.figure(
    'fleet.busyCores',
    'of them busy, each role at its peak',
    busy,
    'cores',
    'operations × their CPU × service.gap: traffic.*, supergroups.*, sessions.*, service.*, ' +
      'storage.*, planet.wave, planet.mixing, planet.users',
  );
  plan.figure(
    'fleet.publishedCores',
    'cores at the published rate of a whole messenger',
    outcome.rates.messagesPerSecond / v.service.wholeSystemPerCore,
    'cores',
    'load.mean / service.wholeSystemPerCore',
  );
  plan.figure(
    'fleet.perCore',
    'messages a core a second of this plan',
    outcome.rates.messagesPerSecond / messageCores,
    'messages/s/core',
    'load.mean / fleet.messageCores',
  );
  const connections = outcome.rates.connectionsMean * context.world.planet.peak;
  plan.figure(
    'fleet.frontForConnections',
    'front servers that connections alone need',
    Math.ceil(connections / (v.machines.frontConnections * v.sizing.utilisationMax)),
    'servers',
    'load.connectionsPeak / (machines.frontConnections × sizing.utilisationMax)',
  );
  plan.figure(
    'fleet.connectionsPerFront',
    'connections a front server at the peak',
    connections / total('front'),
    'connections',
    'load.connectionsPeak / front servers of fleet.servers',
  );
  addFleetTable(context);
}

function addFleetTable({ plan, v, outcome, world }: Context): void {
  const { fleet, bindings, peaks } = outcome;
  const { planet } = world;
  const busiest = (losses: number, dc: number, role: Role): number | null => {
    let most: number | null = null;
    for (const [i, state] of world.states.entries()) {
      if (state.lost.length !== losses || state.lost.includes(dc)) continue;
      const { utilisation } = busyOf(v, peaks[i]![dc]!, fleet[dc]![role], role, dc);
      most = Math.max(most ?? 0, utilisation);
    }
    return most;
  };
  const coresEach = byRole((_, role) => v.machines[`${role}Cores`]);
  const rows = planet.ids.flatMap((id, dc) =>
    ROLES.map((role) => ({
      dc: `${id} ${planet.names[dc]}`,
      role,
      servers: fleet[dc]![role],
      cores: fleet[dc]![role] * coresEach[role],
      binding: bindings?.[dc]?.[role] ?? (outcome.solution ? 'target' : 'given'),
      normal: busiest(0, dc, role),
      one: busiest(1, dc, role),
      two: busiest(2, dc, role),
      pooled: pooledServers(peaks[0]![dc]!.cores[role], v.sizing.waitProbability),
    })),
  );
  plan.table(
    'fleet',
    'fleet by datacentre and role',
    [
      ['dc', 'datacentre', 'text'],
      ['role', 'role', 'text'],
      ['servers', 'servers', 'servers', FLEET_FORMULA],
      ['cores', 'cores', 'cores', 'fleet.cores'],
      ['binding', 'binds', 'text', 'fleet.servers'],
      ['normal', 'busy', 'share', 'need over what fleet.servers can do, at the peak'],
      ['one', 'one lost', 'share', 'fleet.servers, the worst other datacentre lost'],
      ['two', 'two lost', 'share', 'fleet.servers, the worst two others lost'],
      [
        'pooled',
        'pooled',
        'cores',
        'Erlang C: fewest cores in one pool of which at most sizing.waitProbability waits; about ' +
          'R + beta × √R with R of fleet.busyCores',
      ],
    ],
    rows,
    'busy: of CPU, connections, memory or network, whichever is most. pooled: cores that CPU alone ' +
      'would need without losses, in a single pool',
  );
}

export function addLinks({ plan, outcome, world }: Context): void {
  const { planet } = world;
  const all =
    'traffic.*, service.frameBytes, storage.*, network.*, planet.wave, planet.mixing, ' +
    'planet.users, planet.distances, settings.survive, settings.failover';
  plan.table(
    'backbone',
    'backbone, each direction, at its busiest moment within the losses survived',
    [
      ['link', 'link', 'text'],
      ['oneWay', 'one way', 'ms', 'planet.distances'],
      ['messages', 'messages', 'bits/s', `messages that cross: ${all}`],
      ['replication', 'replication', 'bits/s', `log entries for copies: ${all}`],
      ['media', 'media', 'bits/s', `files, once per interested datacentre, and kept: ${all}`],
      ['total', 'total', 'bits/s', `the sum: ${all}`],
      ['lost', 'when lost', 'text', all],
      ['waves', 'waves', 'waves', `total over network.waveBitsPerSecond and ${all}`],
      ['busy', 'busy', 'share', `total over waves × network.waveBitsPerSecond: ${all}`],
    ],
    outcome.links.map(({ from, to, peak, lost, waves, utilisation }) => ({
      link: `${planet.names[from]} → ${planet.names[to]}`,
      oneWay: planet.oneWayMs[from * planet.dcCount + to]!,
      ...peak,
      total: bitsOf(peak),
      lost: lostNames(world, lost),
      ...{ waves, busy: utilisation },
    })),
  );
}
