/**
 * What a flow tells apart: every kind of message, every supergroup and channel that bursts (with
 * listeners of its own), and every kind of request beside messages. For each, where one of it goes:
 * how many datacentres in the mean, and to how many devices there.
 */
import { exactExp } from '../../core/exact-math.ts';
import { lognormalTable } from '../../core/quantile-table.ts';
import type { Hub } from '../../traffic/hubs.ts';
import { KINDS, type Kind, REQUESTS } from '../../traffic/kinds.ts';
import type { ServiceTimes } from '../service-times.ts';
import type { FlowSettings } from './settings.ts';

export interface MessageClass {
  /** Undefined for a request beside messages. */
  readonly kind: Kind | undefined;
  /** Work at a front server, in one-to-one messages. */
  readonly front: number;
  /** Bytes on the backbone beyond those of a one-to-one message. */
  readonly extraBytes: number;
  /** By pair of sender's and recipients' home: DCs that one goes to, and devices there. */
  readonly copies: Float64Array;
  readonly deliveries: Float64Array;
}

/** Kinds in the order of KINDS, then hubs in theirs, then requests in the order of REQUESTS. */
export function classesOf(
  shares: Float64Array,
  hubs: readonly Hub[],
  service: ServiceTimes,
  settings: FlowSettings,
): MessageClass[] {
  const dcCount = Math.round(Math.sqrt(shares.length));
  const nowhere = new Float64Array(shares.length);
  return [
    ...KINDS.map((kind) => ({
      kind,
      ...costOf(kind, service),
      ...spreadOf(kind, shares, settings),
    })),
    ...hubs.map(({ kind, homeDc, listeners }) => {
      const deliveries = new Float64Array(shares.length);
      deliveries.set(listeners, homeDc * dcCount);
      const copies = deliveries.map((n) => Math.min(1, n));
      return { kind, ...costOf(kind, service), copies, deliveries };
    }),
    ...REQUESTS.map((request) => ({
      ...{ kind: undefined, front: settings.requestFront[request], extraBytes: 0 },
      ...{ copies: nowhere, deliveries: nowhere },
    })),
  ];
}

/** A post costs what a message to a group does. */
function costOf(kind: Kind, { kinds }: ServiceTimes): { front: number; extraBytes: number } {
  return kind === 'supergroup' || kind === 'channel' ? kinds.group : kinds[kind];
}

function spreadOf(
  kind: Kind,
  shares: Float64Array,
  { groups, listeners }: FlowSettings,
): { readonly copies: Float64Array; readonly deliveries: Float64Array } {
  if (kind === 'supergroup' || kind === 'channel') return postSpread([listeners[kind]], shares);
  if (kind !== 'group') return { copies: shares, deliveries: shares };
  const sizes = lognormalTable(groups.membersMedian, groups.membersSigma);
  const listening = Array.from({ length: GROUP_SIZES }, (_, i) => {
    const members = sizes.at(Math.floor(((i + 0.5) / GROUP_SIZES) * 2 ** 32));
    return Math.min(groups.membersMax, Math.max(2, members)) * groups.listeningShare;
  });
  return postSpread(listening, shares);
}

/** Groups that stand for all, at evenly spread ranks of size. */
const GROUP_SIZES = 1000;

/**
 * Posts whose mean listeners are one of `means`, each as likely. Listeners of one post at one DC
 * are a Poisson number, so it crosses to it with probability 1 - e^(-mean share).
 */
function postSpread(
  means: readonly number[],
  shares: Float64Array,
): { readonly copies: Float64Array; readonly deliveries: Float64Array } {
  const mean = (of: (listeners: number) => number): number =>
    means.reduce((sum, listeners) => sum + of(listeners), 0) / means.length;
  return {
    copies: shares.map((share) => mean((listeners) => 1 - exactExp(-listeners * share))),
    deliveries: shares.map((share) => mean((listeners) => listeners * share)),
  };
}
