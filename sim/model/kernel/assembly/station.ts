/**
 * One station by itself: people's messages come over access links, wait for a server, are served
 * and counted. What all of the model comes down to, and as fast as it can be. The same as
 * sim/model/station-run.ts.
 */
import {
  BLOCK,
  STATION_AT,
  STATION_LATENCIES,
  STATION_MEAN_GAP_US,
  STATION_SERVER_COUNT,
  STATION_SERVERS,
  STATION_STREAMS,
  STATION_TABLES,
  STATION_WAITS,
  STATION_WORDS,
  STREAM_BLOCK,
  STREAM_BYTES,
  TABLE_BYTES,
} from '../layout.ts';
import { refill } from './draws.ts';
import { departMany } from './lists.ts';
import { bucketOf, increment, wholeUs } from './tallies.ts';
import { later } from './times.ts';

/** Runs so many blocks of messages through the station described at `station`. */
export function runStation(station: usize, blocks: i32): void {
  const streams = <usize>load<f64>(station, STATION_STREAMS);
  const tables = <usize>load<f64>(station, STATION_TABLES);
  const words = <usize>load<f64>(station, STATION_WORDS);
  const servers = <usize>load<f64>(station, STATION_SERVERS);
  const serverCount = <i32>load<f64>(station, STATION_SERVER_COUNT);
  const latencies = <usize>load<f64>(station, STATION_LATENCIES);
  const meanGap = load<f64>(station, STATION_MEAN_GAP_US);
  const gaps = streams + STREAM_BLOCK;
  const accesses = gaps + STREAM_BYTES;
  const services = accesses + STREAM_BYTES;
  let at = load<f64>(station, STATION_AT);
  let waits = load<f64>(station, STATION_WAITS);
  let free = load<f64>(servers);
  for (let block = 0; block < blocks; block++) {
    refill(streams, tables, words);
    refill(streams + STREAM_BYTES, tables + TABLE_BYTES, words);
    refill(streams + 2 * STREAM_BYTES, tables + 2 * TABLE_BYTES, words);
    for (let i: usize = 0; i < <usize>BLOCK << 3; i += 8) {
      at += load<f64>(gaps + i) * meanGap;
      const work = load<f64>(services + i);
      let left: f64;
      if (serverCount === 1) {
        free = later(at, free) + work;
        left = free;
      } else {
        left = departMany(servers, serverCount, at, work);
      }
      waits += left - at - work;
      const us = wholeUs(left - at + load<f64>(accesses + i));
      increment(latencies + (<usize>bucketOf(us) << 2));
    }
  }
  if (serverCount === 1) store<f64>(servers, free);
  store<f64>(station, at, STATION_AT);
  store<f64>(station, waits, STATION_WAITS);
}
