/**
 * What was really injected: counted where it happens, so that a drill can tell whether a fault was
 * what its plan asked for. Plain fields, added to once for each chunk; nothing is allocated there.
 */

/** Bytes of one direction of a proxy, from listening at one address to one upstream. */
export interface Traffic {
  receivedBytes: number;
  sentBytes: number;
}

/** What one toxic has done on all connections of its proxy. Times are milliseconds. */
export class ToxicMeter {
  readonly type: string;
  readonly stream: string;
  /** Connections that it took hold of. */
  connections = 0;
  chunks = 0;
  bytesIn = 0;
  bytesOut = 0;
  /** Chunks that waited for as long as they were meant to; those let go early do not count. */
  delays = 0;
  requestedMsSum = 0;
  achievedMsSum = 0;
  achievedMsMax = 0;
  /** Time in which something was waiting, summed over connections. */
  busyMs = 0;
  busyBytes = 0;
  /** Segments seen and lost; only retransmission knows such. */
  segments = 0;
  lostSegments = 0;

  constructor(type: string, stream: string) {
    this.type = type;
    this.stream = stream;
  }

  clear(): void {
    Object.assign(this, new ToxicMeter(this.type, this.stream));
  }

  delayed(requestedMs: number, achievedMs: number): void {
    this.delays++;
    this.requestedMsSum += requestedMs;
    this.achievedMsSum += achievedMs;
    if (achievedMs > this.achievedMsMax) this.achievedMsMax = achievedMs;
  }

  json(heldBytes: number): object {
    const { delays, segments, busyMs } = this;
    const mean = (sum: number) => (delays === 0 ? null : rounded(sum / delays));
    return {
      type: this.type,
      stream: this.stream,
      connections: this.connections,
      chunks: this.chunks,
      bytes_in: this.bytesIn,
      bytes_out: this.bytesOut,
      held_bytes: heldBytes,
      delays,
      requested_ms_mean: mean(this.requestedMsSum),
      achieved_ms_mean: mean(this.achievedMsSum),
      achieved_ms_max: delays === 0 ? null : rounded(this.achievedMsMax),
      /** 1 KB = 1000 bytes, of one connection, while it had something to send. */
      achieved_kb_per_s: busyMs > 0 ? rounded(this.busyBytes / busyMs) : null,
      ...(segments > 0 ? { segments, lost_segments: this.lostSegments } : {}),
    };
  }
}

const rounded = (value: number): number => Math.round(value * 1_000) / 1_000;
