/**
 * What the flow fidelity believes beyond the service times that it shares with the events
 * fidelity: how many listen in a basic group, what is stored, what a refusal and a byte cost. Every
 * number with where it comes from; the assumed ones are an operator's to replace.
 */

import { PRICES } from '../../capacity/inputs-prices.ts';
import { GROUP_LAW } from '../../traffic/audiences.ts';
import { KINDS, type Kind, REQUESTS, type RequestKind } from '../../traffic/kinds.ts';
import { MEDIA_BYTES } from '../../traffic/sizes.ts';
import { GROUP_LISTENING_SHARE } from '../choices.ts';

export interface Storage {
  /** Bytes of a stored record beyond its text. */
  readonly recordBytes: number;
  /** Records that a message of a kind leaves at each datacentre: all of them keep all text. */
  readonly records: Readonly<Record<Kind, number>>;
  /** Mean bytes of a file, and how many datacentres keep it: its home and those nearest to it. */
  readonly mediaBytes: number;
  readonly mediaCopies: number;
}

/** Basic groups: members by a lognormal law, and who of them is online and has not muted it. */
export interface Groups {
  readonly membersMedian: number;
  readonly membersSigma: number;
  readonly membersMax: number;
  readonly listeningShare: number;
}

/** US dollars; the names are those of a capacity plan's price file. */
export interface Prices {
  readonly coreMonth: number;
  readonly flashGbMonth: number;
  readonly diskGbMonth: number;
  readonly backboneGb: number;
}

/** How long a record of the replication stream waits for company, and for a late sync. */
export interface Replication {
  readonly waitMs: number;
  readonly batch: number;
  readonly lateMs: number;
}

export interface FlowSettings {
  readonly groups: Groups;
  /** What a front server does for a request beside messages, in one-to-one messages. */
  readonly requestFront: Readonly<Record<RequestKind, number>>;
  /** What refusing a request costs a front server, in one-to-one messages. */
  readonly refusalFront: number;
  readonly storage: Storage;
  /** Media servers of each DC, and what one of them takes in, bytes a second. */
  readonly mediaServers: number;
  readonly mediaBytesPerSecond: number;
  readonly replication: Replication;
  readonly prices: Prices;
}

export const DEFAULT_FLOW_SETTINGS: FlowSettings = {
  // As sim/model/choices.ts, which draws groups from the same law: assumed there.
  groups: {
    membersMedian: GROUP_LAW.median,
    membersSigma: GROUP_LAW.sigma,
    membersMax: GROUP_LAW.max,
    listeningShare: GROUP_LISTENING_SHARE,
  },
  requestFront: {
    reconnect: 1, // assumed: a session is looked up and bound, no key is made
    difference: 1.5, // assumed: some messages of a box are read and encrypted
    reaction: 1, // assumed: a small write
  },
  refusalFront: 0, // assumed, as in the events fidelity; above 0 refusals eat up a fleet
  storage: {
    recordBytes: 250, // assumed: ids, flags and index entries, as a frame on the backbone has
    // One-to-one: a record in either box (requirement R12). Posts: one shared log (R13).
    records: { direct: 2, media: 2, group: 1, supergroup: 1, channel: 1, bot: 2 },
    mediaBytes: MEDIA_BYTES, // given: profile A
    mediaCopies: 2, // assumed
  },
  mediaServers: 400, // assumed: the peak of profile A's files in the fullest DC at about half
  mediaBytesPerSecond: 625e6, // assumed: half of a 10 Gbit/s interface
  // ARCHITECTURE.md: records wait up to 100 ms or 64 entries for company, replicas sync 20 ms late.
  replication: { waitMs: 100, batch: 64, lateMs: 20 },
  // The most likely values of the plan's default price file, published there with their sources.
  prices: {
    coreMonth: PRICES.coreMonth.base.mode,
    flashGbMonth: PRICES.flashGbMonth.base.mode,
    diskGbMonth: PRICES.diskGbMonth.base.mode,
    backboneGb: PRICES.backboneGb.base.mode,
  },
};

/** Everything wrong with the settings, one line each; empty when they can be used. */
export function settingsProblems(settings: FlowSettings): string[] {
  const problems: string[] = [];
  const check = (field: string, value: number, min: number, max: number): void => {
    if (value >= min && value <= max) return;
    problems.push(`${field}: ${value} is not right; use a number from ${min} to ${max}`);
  };
  const { groups, storage, replication } = settings;
  check('groups.membersMedian', groups.membersMedian, 1, 1e6);
  check('groups.membersSigma', groups.membersSigma, 0, 4);
  check('groups.membersMax', groups.membersMax, 1, 1e6);
  check('groups.listeningShare', groups.listeningShare, 0, 1);
  for (const kind of REQUESTS) check(`requestFront.${kind}`, settings.requestFront[kind], 0, 1e6);
  check('refusalFront', settings.refusalFront, 0, 0.99);
  check('storage.recordBytes', storage.recordBytes, 0, 1e6);
  for (const kind of KINDS) check(`storage.records.${kind}`, storage.records[kind], 0, 1e6);
  check('storage.mediaBytes', storage.mediaBytes, 0, 1e10);
  check('storage.mediaCopies', storage.mediaCopies, 1, 99);
  check('mediaServers', settings.mediaServers, 1, 1e7);
  check('mediaBytesPerSecond', settings.mediaBytesPerSecond, 1, 1e12);
  check('replication.waitMs', replication.waitMs, 0, 600_000);
  check('replication.batch', replication.batch, 1, 1e6);
  check('replication.lateMs', replication.lateMs, 0, 600_000);
  for (const [name, usd] of Object.entries(settings.prices)) check(`prices.${name}`, usd, 0, 1e6);
  return problems;
}
