/**
 * One station by itself: messages come over access links as a Poisson process, wait for one of some
 * servers (first come, first served), are served and counted. For what can be said in closed form,
 * and as the measure of speed of everything else. In plain code and in WebAssembly, with the same
 * bits.
 */

import { randomLanes } from '../core/lanes.ts';
import { exponentialTable, type QuantileTable } from '../core/quantile-table.ts';
import type { Words4 } from '../core/threefry.ts';
import type { Engine } from './column-range.ts';
import { instantiate, type KernelExports } from './kernel/instance.ts';
import * as at from './kernel/layout.ts';
import { type KernelMemory, MemoryPlan, writeTable } from './kernel/memory.ts';
import { BUCKET_COUNT, bucketOf, LATENCY_US_MAX } from './latency-buckets.ts';
import { FifoServers } from './stations.ts';
import { BLOCK, Samples } from './tables.ts';

export interface StationInput {
  readonly key: Words4;
  /** Tells apart replications with the same key. */
  readonly replication: number;
  readonly meanGapUs: number;
  /** All in microseconds. */
  readonly service: QuantileTable;
  readonly access: QuantileTable;
  readonly servers: number;
}

export interface StationCounts {
  readonly messages: number;
  /** Of all messages together, before service began. */
  readonly waitUs: number;
  /** From when a message was sent until it was served: access delay, wait and service. */
  readonly latencies: Uint32Array;
}

/** A station that has not seen a message yet. Messages come in blocks of 128. */
export interface Station {
  /** Runs so many blocks more. Everything so far is in the result. */
  run(blocks: number): StationCounts;
}

export function station(input: StationInput, engine: Engine = 'wasm'): Station {
  return engine === 'wasm' ? new KernelStation(input) : new PlainStation(input);
}

const STREAMS = ['gap', 'access', 'service'] as const;
const TWO_TO_52 = 4503599627370496;

function lanesOf({ key, replication }: StationInput) {
  return STREAMS.map((name) => randomLanes(key, `model.station.${name}`, replication));
}

class PlainStation implements Station {
  private readonly latencies = new Uint32Array(BUCKET_COUNT);
  private readonly input: StationInput;
  private readonly samples: Samples[];
  private readonly servers: FifoServers;
  private messages = 0;
  private at = 0;
  private waitUs = 0;

  constructor(input: StationInput) {
    this.input = input;
    const tables = [exponentialTable(), input.access, input.service];
    this.samples = lanesOf(input).map((lanes, i) => new Samples(tables[i]!, lanes));
    this.servers = new FifoServers(input.servers);
  }

  run(blocks: number): StationCounts {
    const { latencies, servers } = this;
    const { meanGapUs } = this.input;
    const [gaps, accesses, services] = this.samples as [Samples, Samples, Samples];
    let { at: now, waitUs } = this;
    for (let left = blocks * BLOCK; left > 0; left--) {
      now += gaps.next() * meanGapUs;
      const work = services.next();
      const departed = servers.depart(now, work);
      waitUs += departed - now - work;
      const latency = Math.min(departed - now + accesses.next(), LATENCY_US_MAX);
      latencies[bucketOf(latency + TWO_TO_52 - TWO_TO_52)]! += 1;
    }
    this.at = now;
    this.waitUs = waitUs;
    this.messages += blocks * BLOCK;
    return { messages: this.messages, waitUs, latencies };
  }
}

class KernelStation implements Station {
  private readonly memory: KernelMemory;
  private readonly place: number;
  private readonly latencies: Uint32Array;
  private readonly exports: KernelExports;
  private messages = 0;

  constructor(input: StationInput) {
    const into = new MemoryPlan();
    this.place = into.place(at.STATION_BYTES);
    const streams = into.place(STREAMS.length * at.STREAM_BYTES);
    const tables = into.place(STREAMS.length * at.TABLE_BYTES);
    const words = into.place(BLOCK * 4);
    const servers = into.place(input.servers * 8);
    const latencies = into.place(BUCKET_COUNT * 4);
    this.memory = into.make();
    lanesOf(input).forEach(({ state }, i) => {
      this.memory.write(streams + i * at.STREAM_BYTES, state);
    });
    for (const [i, table] of [exponentialTable(), input.access, input.service].entries()) {
      writeTable(this.memory, tables + i * at.TABLE_BYTES, table);
    }
    this.memory.write(servers, new FifoServers(input.servers).freeAt);
    for (const [field, value] of [
      [at.STATION_MEAN_GAP_US, input.meanGapUs],
      [at.STATION_SERVER_COUNT, input.servers],
      [at.STATION_SERVERS, servers],
      [at.STATION_STREAMS, streams],
      [at.STATION_TABLES, tables],
      [at.STATION_WORDS, words],
      [at.STATION_LATENCIES, latencies],
    ] as const) {
      this.memory.setF64(this.place + field, value);
    }
    this.latencies = new Uint32Array(this.memory.buffer, latencies, BUCKET_COUNT);
    this.exports = instantiate(this.memory);
  }

  run(blocks: number): StationCounts {
    this.exports.runStation(this.place, blocks);
    this.messages += blocks * BLOCK;
    const waitUs = this.memory.f64(this.place + at.STATION_WAITS);
    return { messages: this.messages, waitUs, latencies: this.latencies };
  }
}
