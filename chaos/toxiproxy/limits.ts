/**
 * Every limit of the embedded Toxiproxy in one place. The real one has none; a proxy that stands
 * between a load generator and its target must not be the thing that runs out of memory.
 */
import assert from 'node:assert/strict';

export const LIMITS = {
  /** Largest request body of the API, bytes: a populate call of PROXIES_MAX proxies fits. */
  apiBodyBytesMax: 1024 * 1024,
  /** Open API connections. */
  apiConnectionsMax: 256,
  /** An API request must be complete within this; the real server's read time-out. */
  apiRequestMs: 15_000,
  /** Idle keep-alive of the API; the real server's idle time-out. */
  apiIdleMs: 60_000,
  /** Proxies in one server: a directed matrix of 30 DCs and their client proxies fits. */
  proxiesMax: 1_000,
  /** Toxics on one proxy, both streams together. */
  toxicsPerProxyMax: 64,
  /** Characters of a proxy's or toxic's name. */
  nameCharactersMax: 256,
  /** Open proxied connections of the whole server; further ones are closed when accepted. */
  connectionsMax: 20_000,
  /** Length of the kernel's queue of connections waiting to be accepted, per proxy. */
  listenBacklog: 4_096,
  /** A dial to an upstream that has not succeeded by then counts as refused. */
  dialMs: 30_000,
  /** Looking up the host of a listen address. */
  resolveMs: 5_000,
  /**
   * Bytes that one direction of one connection may have in flight inside a delaying toxic; above
   * it the source is paused. It caps the rate at limit / latency: 80 MiB/s at 100 ms.
   */
  delayedBytesMax: 8 * 1024 * 1024,
  /** The same for toxics that pace rather than delay: a small one, as a slow link has. */
  pacedBytesMax: 64 * 1024,
  /** Bytes in flight of all connections together; above it each may only hold `crowdedBytesMax`. */
  totalBytesMax: 512 * 1024 * 1024,
  crowdedBytesMax: 16 * 1024,
  /** What holding a chunk costs beside its bytes (measured order of magnitude, V8 objects). */
  chunkOverheadBytes: 160,
  /** Random decisions remembered, the newest of them. */
  decisionsMax: 10_000,
  /** Toxics, present and past, of which a proxy remembers what they did. */
  metersPerProxyMax: 128,
  /** Pairs of addresses whose traffic a proxy remembers. */
  trafficPerProxyMax: 16,
  /** Operations of one batch: every pair of 30 DCs, both streams, cut and slow. */
  operationsMax: 4_096,
  leasesMax: 1_000,
  /** What one lease may have to undo before it takes no more. */
  undosMax: 65_536,
  leaseIdCharactersMax: 128,
  leaseMsMin: 50,
  leaseMsMax: 24 * 3_600_000,
  /** A lease that could not undo everything tries again after so long. */
  leaseRetryMs: 1_000,
  /** Largest number of a DC in a matrix. */
  dcMax: 999,
  /** Within how many further bytes a cut may be asked for. */
  cutBytesMax: 1024 ** 3,
} as const;

assert(LIMITS.toxicsPerProxyMax <= LIMITS.metersPerProxyMax);
assert(LIMITS.leaseMsMin < LIMITS.leaseMsMax);
assert(LIMITS.crowdedBytesMax <= LIMITS.pacedBytesMax);
assert(LIMITS.pacedBytesMax <= LIMITS.delayedBytesMax);
assert(LIMITS.connectionsMax * LIMITS.crowdedBytesMax <= LIMITS.totalBytesMax);
