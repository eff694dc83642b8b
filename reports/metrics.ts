/**
 * The catalogue of metrics: every name that a world may record and an SLO may judge, its kind, its
 * unit and its tags. A name or tag outside this list is an error before the run.
 */

export type MetricKind = 'trend' | 'counter' | 'gauge';
export type Unit = 'ms' | 's' | 'count' | 'messages' | 'ratio' | 'bytes' | 'USD';

export interface MetricDefinition {
  readonly kind: MetricKind;
  readonly unit: Unit;
  /** Tag name to the values it may take; an empty list means a DC id, "1" to "99". */
  readonly tags: Readonly<Record<string, readonly string[]>>;
  readonly help: string;
}

/**
 * same_dc: sender and recipient are at home in one DC. cross_dc: in two. outage: a pair touched by
 * an outage, that is, the home DC of one of them was out or catching up between due and delivered.
 */
export const PATHS = ['same_dc', 'cross_dc', 'outage'] as const;
export type Path = (typeof PATHS)[number];

/** What is posted to an audience rather than sent to somebody. */
export const POST_KINDS = ['supergroup', 'channel'] as const;

/**
 * Where messages wait and what costs money. fan_out: cores that push posts of supergroups and
 * channels to devices, where they are apart from those of delivery. link: all backbone links out of
 * a DC; devices: held by their senders' devices, without a connection or backing off after a
 * refusal.
 */
export const STATIONS = [
  'front',
  'router',
  'log',
  'delivery',
  'fan_out',
  'media',
  'link',
  'storage',
  'devices',
] as const;
export type StationName = (typeof STATIONS)[number];

export const METRICS = {
  delivery_latency: {
    kind: 'trend',
    unit: 'ms',
    tags: { path: PATHS, dc: [] },
    help: 'from when a message was due to be sent until an online device of the recipient has it; dc is the home of the recipient',
  },
  ack_latency: {
    kind: 'trend',
    unit: 'ms',
    tags: { ack: ['stored', 'queued'], dc: [] },
    help: 'from when a message was due until its sender is told that it is stored (or durably queued); dc is the home of the sender',
  },
  post_latency: {
    kind: 'trend',
    unit: 'ms',
    tags: { kind: POST_KINDS, dc: [] },
    help: 'from when a post was due until an online device of a member who has not muted it has it, for each of those devices; dc is the home of the reader',
  },
  post_last_delivery: {
    kind: 'trend',
    unit: 'ms',
    tags: { kind: POST_KINDS },
    help: 'from when a post was due until the last of those devices has it',
  },
  generator_lag: {
    kind: 'trend',
    unit: 'ms',
    tags: {},
    help: 'how late the generator itself sent a message after it was due',
  },
  messages_offered: {
    kind: 'counter',
    unit: 'messages',
    tags: { dc: [] },
    help: 'messages that were due',
  },
  messages_sent: {
    kind: 'counter',
    unit: 'messages',
    tags: { dc: [] },
    help: 'messages handed to the network',
  },
  messages_unsent: {
    kind: 'counter',
    unit: 'messages',
    tags: { dc: [] },
    help: 'messages that were due and never handed to the network: their user had no connection, or time was up',
  },
  messages_delivered: {
    kind: 'counter',
    unit: 'messages',
    tags: { path: PATHS, dc: [] },
    help: 'messages that reached a device of the recipient, each counted once',
  },
  posts: {
    kind: 'counter',
    unit: 'messages',
    tags: { kind: POST_KINDS, dc: [] },
    help: 'posts of supergroups and channels that were due and are followed one by one; dc is the home of the supergroup or channel',
  },
  post_deliveries: {
    kind: 'counter',
    unit: 'messages',
    tags: { kind: POST_KINDS, dc: [] },
    help: 'devices that those posts were pushed to; dc is the home of the reader',
  },
  writes_queued: {
    kind: 'counter',
    unit: 'messages',
    tags: { dc: [] },
    help: 'writes acknowledged as queued while the home DC was out; dc is that home',
  },
  writes_lost: {
    kind: 'counter',
    unit: 'messages',
    tags: {},
    help: 'acknowledged writes that were not there in the end, in a box or in a replica',
  },
  writes_doubled: {
    kind: 'counter',
    unit: 'messages',
    tags: {},
    help: 'writes that appear more than once in a log',
  },
  order_violations: {
    kind: 'counter',
    unit: 'messages',
    tags: {},
    help: 'messages of one sender in one chat that stand in another order than they were sent',
  },
  backlog: {
    kind: 'gauge',
    unit: 'messages',
    tags: { dc: [] },
    help: 'writes waiting durably for the DC named by dc',
  },
  drain_time: {
    kind: 'gauge',
    unit: 's',
    tags: { dc: [] },
    help: 'from the return of a DC until no write waits for it any more',
  },
  requests_refused: {
    kind: 'counter',
    unit: 'messages',
    tags: { dc: [] },
    help: 'requests that the front servers of a DC refused because they would have waited too long',
  },
  requests_repeated: {
    kind: 'counter',
    unit: 'messages',
    tags: { dc: [] },
    help: 'requests offered again, after a refusal or because their DC was lost; dc is the home of the sender',
  },
  messages_given_up: {
    kind: 'counter',
    unit: 'messages',
    tags: { dc: [] },
    help: 'messages that were refused so often that their senders were told that they are not sent',
  },
  utilisation: {
    kind: 'gauge',
    unit: 'ratio',
    tags: { dc: [], station: STATIONS },
    help: 'load over capacity of a station (log: share of time that it syncs; link: the fullest one out of the DC); mean of each point of the timeline, max of any second',
  },
  queue_depth: {
    kind: 'gauge',
    unit: 'messages',
    tags: { dc: [], station: STATIONS },
    help: 'messages that wait at a station beyond what it works on; devices: dc is the home of the senders',
  },
  staleness: {
    kind: 'gauge',
    unit: 's',
    tags: { dc: [], home: [] },
    help: 'how far the copy at dc is behind the domain of home',
  },
  storage_bytes: {
    kind: 'gauge',
    unit: 'bytes',
    tags: { dc: [], content: ['text', 'media'] },
    help: 'bytes stored at a DC since the start of the window, copies of other domains included',
  },
  cost: {
    kind: 'gauge',
    unit: 'USD',
    tags: { dc: [], station: STATIONS },
    help: 'cost since the start of the window at the prices of the model (assumed unless replaced)',
  },
} as const satisfies Record<string, MetricDefinition>;

export type MetricName = keyof typeof METRICS;
