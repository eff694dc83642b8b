/**
 * The catalogue of metrics: every name that a world may record and an SLO may judge, its kind, its
 * unit and its tags. A name or tag outside this list is an error before the run.
 */

export type MetricKind = 'trend' | 'counter' | 'gauge';
export type Unit = 'ms' | 's' | 'count' | 'messages' | 'ratio';

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
  messages_delivered: {
    kind: 'counter',
    unit: 'messages',
    tags: { path: PATHS, dc: [] },
    help: 'messages that reached a device of the recipient, each counted once',
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
} as const satisfies Record<string, MetricDefinition>;

export type MetricName = keyof typeof METRICS;
