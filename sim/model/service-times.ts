/**
 * What the stations of the model cost: every number the model believes, in one place, each with
 * where it comes from. `calibrate` replaces the assumed ones by measurements of the live world.
 */

/** A lognormal law by its mean and the standard deviation of its logarithm. */
export interface Law {
  readonly meanUs: number;
  readonly sigma: number;
}

export interface ServiceTimes {
  /** Decrypt, check, route, encrypt the answer: one core, one message. */
  readonly front: Law;
  /** Push to the recipient's open session: serialise, encrypt, write. */
  readonly delivery: Law;
  /** One synced group commit of a store, whatever its size. */
  readonly sync: Law;
  /** Bytes of a message on the backbone beyond its text. */
  readonly frameBytes: number;
  /** Capacity of one directed backbone link between two DCs, bits per second. */
  readonly linkBitsPerSecond: number;
  /** From the loss of a DC until its clients give up on it. */
  readonly detectMs: number;
  /** Clients reconnect evenly over this time, so that they do not arrive as one herd. */
  readonly reconnectSpreadMs: number;
  /** Moving back to a DC that returned: a client's silence while it changes connections. */
  readonly moveBackMs: number;
  /** Share of the returned DC's front servers that the drain of its users' writes may use. */
  readonly writeDrainShare: number;
  /** Share of its delivery workers that the drain of messages to its users may use. */
  readonly deliveryDrainShare: number;
}

/**
 * Measured on 2 shared cores: an MTProto 2.0 envelope costs 14.5 µs at 150 bytes, the whole
 * one-to-one path without storage 37 µs. Whole systems spend far more (kernel, sessions, logging,
 * garbage, neighbours): the gap is an assumption of 8 times.
 */
const SYSTEM_GAP = 8;

export const DEFAULT_SERVICE_TIMES: ServiceTimes = {
  front: { meanUs: 37 * SYSTEM_GAP, sigma: 0.8 }, // measured 37 µs times the assumed gap
  delivery: { meanUs: 20 * SYSTEM_GAP, sigma: 0.8 }, // measured envelope and write, times the gap
  sync: { meanUs: 1000, sigma: 0.5 }, // assumed: flush of a datacentre NVMe disk
  frameBytes: 250, // assumed: ids, keys, entities, TCP and IP headers of a batched frame
  linkBitsPerSecond: 10e9, // assumed
  detectMs: 2000, // assumed: two missed pings of a second each
  reconnectSpreadMs: 3000, // assumed: random back-off of clients
  moveBackMs: 500, // assumed: key exchange is not repeated; connect and bind
  writeDrainShare: 0.7, // assumed: leaves headroom, so that recovery is no second outage
  deliveryDrainShare: 0.25, // assumed, divided among the peers
};
