/**
 * What the system costs and how it is built: CPU of each operation, storage, machines, links, and
 * how failures are met. Measurements are of this project's backend (README, "Measured", and the
 * comments of sim/model/service-times.ts), on shared cores: read them as cores of a cloud machine.
 */
import { assumed, type Field, field, given, measured, published } from './quantity.ts';

export const SERVICE = {
  frontMicros: field(
    'µs',
    [0.01, 1e6],
    'CPU of a front server for a request: decrypt, check, route, answer',
    measured(37, 'one-to-one path without storage, 2 shared cores'),
  ),
  deliveryMicros: field(
    'µs',
    [0.01, 1e6],
    'CPU of a push to an open session: serialise, encrypt, write',
    measured(20, 'envelope of 150 bytes (14.5 µs) and a batched write'),
  ),
  routerMicros: field(
    'µs',
    [0.001, 1e6],
    'CPU to find where a message goes and hand it on',
    measured(2.7, 'NATS 2.15 handing on a message of 150 bytes'),
  ),
  storeMicros: field(
    'µs',
    [0.01, 1e6],
    'CPU of a durable write with group commit',
    measured(17.2, '58,000 writes/s of one store with checksums and stream (README)'),
  ),
  replicaMicros: field(
    'µs',
    [0, 1e6],
    'CPU to apply a record at one other datacentre',
    measured(24.5, '98 µs a message at the other four together (README)'),
  ),
  readMicros: field(
    'µs',
    [0, 1e6],
    'CPU of a read that the cache does not answer',
    assumed([15, 40, 100], 'a few LevelDB look-ups at about 10 µs each'),
  ),
  pingMicros: field(
    'µs',
    [0, 1e6],
    'CPU of a ping',
    measured(14.5, 'an MTProto 2.0 envelope of 150 bytes'),
  ),
  mediaMicrosPerMegabyte: field(
    'µs/MB',
    [0, 1e8],
    'CPU for 1 MB of a file: decrypt in transit, encrypt at rest, or back',
    measured(7350, 'AES-IGE 24 µs and AES-CTR 6.1 µs for 4,096 bytes'),
  ),
  gap: field(
    'x',
    [1, 10_000],
    'whole system over micro-measurement: kernel, sessions, logging, neighbours',
    assumed(
      [4, 8, 40],
      '8 as in the model; the what-if with the published rate says what that would imply',
    ),
  ),
  mediaGap: field(
    'x',
    [1, 10_000],
    'the same for files, which move in large pieces',
    assumed([1.2, 2, 4], 'less to do for each byte than for a message'),
  ),
  wholeSystemPerCore: field(
    'messages/s/core',
    [0.001, 1e7],
    'messages a core a second of a whole messenger, all its machines counted',
    published(72, 'WhatsApp: 50B messages/day on more than 8,000 cores'),
  ),
  frontSigma: field(
    '1',
    [0, 3],
    'spread of front and delivery times: deviation of the logarithm',
    assumed([0.5, 0.8, 1.2], 'as in the model'),
  ),
  syncMicros: field(
    'µs',
    [0.1, 1e6],
    'one synced group commit of a store, whatever its size',
    assumed([200, 1000, 3000], 'flush of a datacentre NVMe disk'),
  ),
  syncSigma: field(
    '1',
    [0, 3],
    'its spread: deviation of the logarithm',
    assumed(0.5, 'as in the model'),
  ),
  frameBytes: field(
    'bytes',
    [0, 1e5],
    'bytes of a message on a wire beyond its text',
    assumed([150, 250, 400], 'ids, keys, entities, envelope, TCP and IP'),
  ),
} as const satisfies Record<string, Field>;

export const STORAGE = {
  entriesPerMessage: field(
    'entries',
    [1, 100],
    'log entries a message leaves',
    given(2, 'R12: one in each of two boxes; supergroups have one, so this is the upper end'),
  ),
  overheadBytes: field(
    'bytes',
    [0, 1e5],
    'bytes of an entry beyond its text: ids, flags, keys, checksum',
    assumed([100, 200, 400], 'a record of R15'),
  ),
  spaceFactor: field(
    'x',
    [0.05, 10],
    'disk used over bytes written: compression and not yet compacted space',
    assumed([0.6, 1, 1.5], 'short texts compress little, log-structured stores keep old copies'),
  ),
  dcCopies: field(
    'datacentres',
    [1, 99],
    'datacentres that hold a copy of everything',
    given(5, 'R1: replicated to the others'),
  ),
  replicasPerDc: field(
    'copies',
    [1, 10],
    'copies inside one datacentre',
    assumed(2, 'a lost disk must not send its users elsewhere'),
  ),
  textStoredBytes: field('bytes', [0, 1e21], 'text stored already', assumed(0, 'begins empty')),
  mediaStoredBytes: field('bytes', [0, 1e21], 'media stored already', assumed(0, 'begins empty')),
  mediaUniqueShare: field(
    'share',
    [0.001, 1],
    'media that is new: the rest is known by its hash',
    assumed([0.4, 0.6, 0.9], 'forwards, stickers and jokes repeat'),
  ),
  mediaCopies: field(
    'copies',
    [1, 20],
    'bytes on disk for a byte of media, over all datacentres',
    published([2.1, 2.8, 3.6], 'Facebook f4 (OSDI 2014): 3.6 before, 2.8 and 2.1 after'),
  ),
  mediaCrossCopies: field(
    'copies',
    [0, 20],
    'times that a new file crosses the backbone to be kept elsewhere, too',
    assumed([0.5, 1, 1], 'one other datacentre holds enough to restore it'),
  ),
  cdnShare: field(
    'share',
    [0, 1],
    'downloads that an edge cache answers',
    assumed([0.5, 0.8, 0.95], 'popular files are most downloads'),
  ),
  cacheHitShare: field(
    'share',
    [0, 1],
    'reads of messages that memory answers',
    assumed([0.7, 0.9, 0.98], 'R26: the last 1,000 messages of what is read'),
  ),
  hotChats: field(
    'chats',
    [0, 1e11],
    'chats whose newest messages are in memory',
    assumed([1e6, 5e6, 20e6], 'supergroups and channels that are being read'),
  ),
  hotMessages: field('messages', [0, 1e6], 'messages of each kept in memory', given(1000, 'R26')),
  sessionBytes: field(
    'bytes',
    [0, 1e6],
    'session, profile and presence of a user in memory',
    assumed([1000, 2000, 5000], 'a few hundred bytes each, with indexes'),
  ),
  connectionBytes: field(
    'bytes',
    [100, 1e7],
    'memory of an open connection',
    published(
      [4600, 27_000, 47_000],
      'Centrifugo: 27 GB for 1M; measured: 4.6 KB idle in Node, 47 KB in NATS',
    ),
  ),
} as const satisfies Record<string, Field>;

const MACHINE = 'a usual cloud or rack server';

export const MACHINES = {
  frontCores: field('cores', [1, 10_000], 'cores of a front server', assumed(32, MACHINE)),
  frontMemoryBytes: field('bytes', [1e6, 1e15], 'its memory', assumed(64e9, MACHINE)),
  frontConnections: field(
    'connections',
    [1, 1e9],
    'connections it holds',
    published([0.5e6, 1e6, 2e6], 'Centrifugo 1M WebSockets on 40 CPUs; WhatsApp 2–3M a server'),
  ),
  routerCores: field('cores', [1, 10_000], 'cores of a router', assumed(32, MACHINE)),
  routerMemoryBytes: field('bytes', [1e6, 1e15], 'its memory', assumed(32e9, MACHINE)),
  storeCores: field('cores', [1, 10_000], 'cores of a store server', assumed(32, MACHINE)),
  storeMemoryBytes: field('bytes', [1e6, 1e15], 'its memory', assumed(256e9, MACHINE)),
  storeDiskBytes: field('bytes', [1e6, 1e18], 'its flash', assumed(30e12, '4 × 7.68 TB NVMe')),
  mediaCores: field('cores', [1, 10_000], 'cores of a media server', assumed(32, MACHINE)),
  mediaDiskBytes: field('bytes', [1e6, 1e18], 'its disks', assumed(720e12, '36 × 20 TB')),
  mediaMemoryBytes: field('bytes', [1e6, 1e15], 'its memory', assumed(128e9, MACHINE)),
  networkBitsPerSecond: field(
    'bits/s',
    [1e6, 1e13],
    'network of any server',
    assumed(25e9, MACHINE),
  ),
  diskFillMax: field(
    'share',
    [0.05, 1],
    'how full disks may get',
    assumed(0.8, 'log-structured stores need room to compact'),
  ),
} as const satisfies Record<string, Field>;

export const NETWORK = {
  waveBitsPerSecond: field(
    'bits/s',
    [1e6, 1e15],
    'unit in which backbone capacity is bought',
    assumed(100e9, 'a 100G wave'),
  ),
  wavesPerLink: field(
    'waves',
    [0, 1e6],
    'waves of each directed link; 0: as many as it needs',
    assumed(0, 'sized'),
  ),
  linkUtilisationMax: field(
    'share',
    [0.05, 1],
    'how full a link may get at the peak',
    assumed([0.5, 0.7, 0.8], 'bursts within a second need room'),
  ),
} as const satisfies Record<string, Field>;

export const SIZING = {
  utilisationMax: field(
    'share',
    [0.05, 0.99],
    'how busy machines may be at the peak, also after the losses that it survives',
    assumed([0.6, 0.75, 0.85], 'queues grow as 1/(1 - utilisation)'),
  ),
  waitProbability: field(
    'share',
    [0.0001, 0.9],
    'share of work that may wait in a pooled fleet (square-root staffing)',
    assumed(0.1, 'a usual quality of service'),
  ),
} as const satisfies Record<string, Field>;

export const RECOVERY = {
  writeDrainShare: field(
    'share',
    [0.001, 1],
    "returned datacentre's front servers that may carry out queued writes",
    assumed(0.7, 'as in the model'),
  ),
  deliveryDrainShare: field(
    'share',
    [0.001, 1],
    'its delivery capacity that may take what others hold for it',
    assumed(0.25, 'as in the model'),
  ),
} as const satisfies Record<string, Field>;
