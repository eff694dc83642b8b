/**
 * What a flow tells apart on its way through the columns: every kind of message, and every kind of
 * request beside messages. For each, where one of it goes: how many datacentres in the mean, and to
 * how many devices there. Posts of supergroups and channels take another way (posts.ts).
 */
import { exactExp } from '../../core/exact-math.ts';
import { lognormalTable } from '../../core/quantile-table.ts';
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

/** Kinds in the order of KINDS, then requests in the order of REQUESTS. */
export function classesOf(
  shares: Float64Array,
  service: ServiceTimes,
  settings: FlowSettings,
): MessageClass[] {
  const nowhere = new Float64Array(shares.length);
  return [
    ...KINDS.map((kind) => ({
      kind,
      ...costOf(kind, service),
      ...spreadOf(kind, shares, settings),
    })),
    ...REQUESTS.map((request) => ({
      ...{ kind: undefined, front: settings.requestFront[request], extraBytes: 0 },
      ...{ copies: nowhere, deliveries: nowhere },
    })),
  ];
}

/** Of posts nothing: none of them comes this way. */
function costOf(kind: Kind, { kinds }: ServiceTimes): { front: number; extraBytes: number } {
  return isPost(kind) ? { front: 0, extraBytes: 0 } : kinds[kind];
}

const isPost = (kind: Kind): kind is 'supergroup' | 'channel' =>
  kind === 'supergroup' || kind === 'channel';

function spreadOf(
  kind: Kind,
  shares: Float64Array,
  { groups }: FlowSettings,
): { readonly copies: Float64Array; readonly deliveries: Float64Array } {
  if (isPost(kind)) {
    const nowhere = new Float64Array(shares.length);
    return { copies: nowhere, deliveries: nowhere };
  }
  if (kind !== 'group') return { copies: shares, deliveries: shares };
  const sizes = lognormalTable(groups.membersMedian, groups.membersSigma);
  const listening = Array.from({ length: GROUP_SIZES }, (_, i) => {
    const members = sizes.at(Math.floor(((i + 0.5) / GROUP_SIZES) * 2 ** 32));
    return Math.min(groups.membersMax, Math.max(2, members)) * groups.listeningShare;
  });
  return groupSpread(listening, shares);
}

/** Groups that stand for all, at evenly spread ranks of size. */
const GROUP_SIZES = 1000;

/**
 * Messages whose mean listeners are one of `means`, each as likely. Listeners of one at one DC are
 * a Poisson number, so it crosses to it with probability 1 - e^(-mean share).
 */
function groupSpread(
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
