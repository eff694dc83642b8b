/**
 * What the stations of the model cost: every number the model believes, in one place, each with
 * where it comes from. `calibrate` replaces the assumed ones by measurements of the live world.
 */

/** A lognormal law by its mean and the standard deviation of its logarithm. */
export interface LognormalLaw {
  readonly meanUs: number;
  readonly sigma: number;
}

/** A measured law: values of equal probability between neighbours, from the least to the most. */
export interface EmpiricalLaw {
  readonly quantilesUs: readonly number[];
}

export type Law = LognormalLaw | EmpiricalLaw;

/** What a message costs beside a one-to-one message of the same text. */
export interface KindCost {
  /** Times the front server's work. */
  readonly front: number;
  /** Bytes on the backbone beyond the text. */
  readonly extraBytes: number;
}

/** How a front server refuses what would come too late, and how clients take it. */
export interface Admission {
  /** A front server may refuse only if it was behind by so much at its last look (4 a second). */
  readonly alertMs: number;
  /** It refuses what would wait longer. */
  readonly shedAfterMs: number;
  /** A refused client tries again after this, doubled each time, give or take half of it. */
  readonly retryMs: number;
  /** Then it gives up, and its user is told that the message was not sent. */
  readonly attemptsMax: number;
}

export interface ServiceTimes {
  /** Decrypt, check, encrypt the answer: one core, one message. */
  readonly front: Law;
  /** Find the home of chat and recipient. */
  readonly router: Law;
  /** Push to one open session of the recipient: serialise, encrypt, write. */
  readonly delivery: Law;
  /** One synced group commit of a store, whatever its size. */
  readonly sync: Law;
  /** Group messages, bot calls and media beside one-to-one messages. */
  readonly kinds: Readonly<Record<'direct' | 'group' | 'bot' | 'media', KindCost>>;
  readonly admission: Admission;
  /** Bytes of a message on the backbone beyond its text. */
  readonly frameBytes: number;
  /** Capacity of one directed backbone link between two DCs, bits per second. */
  readonly linkBitsPerSecond: number;
  /** Way between a device and its DC, one way. Absent: the law that the topology's access tells. */
  readonly access?: Law;
  /**
   * Devices that another DC serves meanwhile have so much of the way between that one and home
   * added to their access: 1 where people stay where they are, 0 where every DC is equally far.
   */
  readonly guestWayShare: number;
  /** A DC that returns serves only so much later. */
  readonly restartMs: number;
  /** From then until the others' links to it carry again what waited. */
  readonly redialMs: number;
  /** From the loss of a DC until its clients give up on it. */
  readonly detectMs: number;
  /** Clients reconnect evenly over this time, so that they do not arrive as one herd. */
  readonly reconnectSpreadMs: number;
  /** Moving back to a DC that returned: a client's silence while it changes connections. */
  readonly moveBackMs: number;
  /**
   * Guests look for home now and then: the last goes there so long after all was handed over. What
   * they write meanwhile takes the usual time, and counts as of the outage.
   */
  readonly guestStayMs: number;
  /** Share of the returned DC's front servers that the drain of its users' writes may use. */
  readonly writeDrainShare: number;
  /** Share of its delivery workers that the drain of messages to its users may use. */
  readonly deliveryDrainShare: number;
}

/** Mean of a law in microseconds. */
export function meanOf(law: Law): number {
  if ('meanUs' in law) return law.meanUs;
  const { quantilesUs } = law;
  let sum = 0;
  for (let i = 1; i < quantilesUs.length; i++) sum += (quantilesUs[i - 1]! + quantilesUs[i]!) / 2;
  return sum / (quantilesUs.length - 1);
}

/** Where service times are from, for a reader of results. */
export function serviceNote(service: ServiceTimes): string {
  return service.front === DEFAULT_SERVICE_TIMES.front
    ? 'service times: measured envelope costs times an assumed gap, see sim/model/service-times.ts'
    : 'service times: those of a calibration, or others that were handed in';
}

/**
 * Measured on 2 shared cores: an MTProto 2.0 envelope costs 14.5 µs at 150 bytes, the whole
 * one-to-one path without storage 37 µs. Whole systems spend far more (kernel, sessions, logging,
 * garbage, neighbours): the gap is an assumption of 8 times.
 */
const SYSTEM_GAP = 8;

export const DEFAULT_SERVICE_TIMES: ServiceTimes = {
  // Measured 37 µs, of which 5 are assumed to be the router's, times the assumed gap.
  front: { meanUs: 32 * SYSTEM_GAP, sigma: 0.8 },
  router: { meanUs: 5 * SYSTEM_GAP, sigma: 0.5 },
  delivery: { meanUs: 20 * SYSTEM_GAP, sigma: 0.8 }, // measured envelope and write, times the gap
  sync: { meanUs: 1000, sigma: 0.5 }, // assumed: flush of a datacentre NVMe disk
  kinds: {
    direct: { front: 1, extraBytes: 0 },
    group: { front: 1.3, extraBytes: 40 }, // assumed: membership check; ids of the readers
    bot: { front: 1.6, extraBytes: 60 }, // assumed: HTTP and JSON instead of MTProto
    media: { front: 1.2, extraBytes: 120 }, // assumed: the file's reference; the file goes apart
  },
  // Assumed; the reference backend sheds by the same rule, with other numbers.
  admission: { alertMs: 500, shedAfterMs: 2000, retryMs: 1000, attemptsMax: 5 },
  frameBytes: 250, // assumed: ids, keys, entities, TCP and IP headers of a batched frame
  linkBitsPerSecond: 10e9, // assumed
  guestWayShare: 1, // assumed: people do not travel
  restartMs: 0, // a fault's end is when the DC serves again
  redialMs: 0,
  detectMs: 2000, // assumed: two missed pings of a second each
  reconnectSpreadMs: 3000, // assumed: random back-off of clients
  moveBackMs: 500, // assumed: key exchange is not repeated; connect and bind
  guestStayMs: 0, // assumed: the DC that serves them sends them home
  writeDrainShare: 0.7, // assumed: leaves headroom, so that recovery is no second outage
  deliveryDrainShare: 0.25, // assumed, divided among the peers
};
