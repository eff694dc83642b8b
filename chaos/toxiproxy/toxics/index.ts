/** All toxics by their type. */
import { bandwidth } from './bandwidth.ts';
import { hold } from './hold.ts';
import { latency, latencyNormal, latencyPareto } from './latency.ts';
import { limitData } from './limit-data.ts';
import { noop } from './noop.ts';
import { resetPeer } from './reset-peer.ts';
import { retransmission } from './retransmission.ts';
import { slicer } from './slicer.ts';
import { slowClose } from './slow-close.ts';
import { timeout } from './timeout.ts';
import type { ToxicKind } from './toxic.ts';

const OF_2_12 = [latency, bandwidth, slowClose, timeout, resetPeer, slicer, limitData, noop];
/** The real server answers 400 `invalid toxic type` to these. */
const BEYOND = [hold, retransmission, latencyNormal, latencyPareto];

export const TOXIC_KINDS: ReadonlyMap<string, ToxicKind> = new Map(
  [...OF_2_12, ...BEYOND].map((kind) => [kind.type, kind]),
);
