/** A column's state on its way into the kernel's memory, and back. */
import { XoshiroLanes } from '../../core/lanes.ts';
import type { Column } from '../column.ts';
import type { Link } from '../link.ts';
import type { MessageQueue } from '../message-queue.ts';
import type { FifoServers } from '../stations.ts';
import type { Samples, WordBlocks } from '../tables.ts';
import * as at from './layout.ts';
import type { KernelMemory } from './memory.ts';

/** Where the DCs of a column lie. */
export interface DcPlaces {
  readonly dcs: number;
  readonly dcBytes: number;
  /** Entries of all lists: DC by DC, four of its own and one for each link. */
  readonly lists: number;
  /** Messages that fit into each list. */
  readonly room: number;
}

const DC_LISTS = [at.DC_CHECKED, at.DC_ROUTED, at.DC_OWN, at.DC_STORED];

/** Names each list, empty, to the kernel: once, before anything is loaded. */
export function prepareLists(memory: KernelMemory, dcCount: number, places: DcPlaces): void {
  for (let dc = 0; dc < dcCount; dc++) {
    listsOf(places, dc, dcCount).forEach((list, number) => {
      const entries = (dc * (DC_LISTS.length + dcCount) + number) * places.room * at.ENTRY_BYTES;
      memory.setU32(list + at.LIST_BASE, places.lists + entries);
      memory.setU32(list + at.LIST_COUNT, 0);
      memory.setU32(list + at.LIST_ROOM, places.room);
    });
  }
}

/** Bytes of the entries of all lists. */
export function listBytes(dcCount: number, room: number): number {
  return dcCount * (DC_LISTS.length + dcCount) * room * at.ENTRY_BYTES;
}

/** False, and nothing is done, where the queues are too long for the kernel. */
export function loadColumn(column: Column, memory: KernelMemory, places: DcPlaces): boolean {
  const { dcCount } = column.plan;
  for (let dc = 0; dc < dcCount; dc++) {
    if (queuesOf(column, dc).some((queue) => queue.length * 4 > places.room)) return false;
  }
  for (let dc = 0; dc < dcCount; dc++) {
    const { source, sender, recipient } = partsOf(column, dc);
    const place = places.dcs + dc * places.dcBytes;
    memory.setF64(place + at.DC_NEXT_AT, source.nextAt);
    memory.setF64(place + at.DC_SECOND_ENDS, source.secondEnds);
    memory.setU32(place + at.DC_SECOND, source.second);
    const stations = stationsOf(column, dc);
    for (const { count, servers, station } of stations) {
      memory.setU32(place + count, station.freeAt.length);
      memory.write(place + servers, station.freeAt);
    }
    memory.setF64(place + at.DC_OUT_RUNNING, sender.log.runningEnds);
    memory.setF64(place + at.DC_OUT_GATHERED, sender.log.gatheredEnds);
    memory.setF64(place + at.DC_IN_RUNNING, recipient.log.runningEnds);
    memory.setF64(place + at.DC_IN_GATHERED, recipient.log.gatheredEnds);
    streamsOf(column, dc).forEach((stream, number) => {
      const address = place + at.DC_STREAMS + number * at.STREAM_BYTES;
      memory.write(address, lanesOf(stream).state);
      memory.setU32(address + at.STREAM_AT, stream.at);
      memory.write(address + at.STREAM_BLOCK, stream.block);
    });
    sender.links.forEach((link, to) => {
      const address = place + at.DC_LINKS + to * at.LINK_BYTES;
      memory.setF64(address, link.freeAt);
      memory.setF64(address + at.LINK_LAST, link.lastArrival);
    });
    const serials = place + at.DC_LINKS + dcCount * at.LINK_BYTES;
    memory.write(serials, sender.serials);
    memory.write(serials + dcCount * 4, recipient.nextSerials);
    const lists = listsOf(places, dc, dcCount);
    queuesOf(column, dc).forEach((queue, number) => {
      loadQueue(memory, lists[number]!, queue);
    });
  }
  return true;
}

export function storeColumn(column: Column, memory: KernelMemory, places: DcPlaces): void {
  const { dcCount } = column.plan;
  for (let dc = 0; dc < dcCount; dc++) {
    const { source, sender, recipient } = partsOf(column, dc);
    const place = places.dcs + dc * places.dcBytes;
    source.nextAt = memory.f64(place + at.DC_NEXT_AT);
    source.secondEnds = memory.f64(place + at.DC_SECOND_ENDS);
    source.second = memory.u32(place + at.DC_SECOND);
    for (const { servers, station } of stationsOf(column, dc)) {
      memory.read(place + servers, station.freeAt);
    }
    sender.log.runningEnds = memory.f64(place + at.DC_OUT_RUNNING);
    sender.log.gatheredEnds = memory.f64(place + at.DC_OUT_GATHERED);
    recipient.log.runningEnds = memory.f64(place + at.DC_IN_RUNNING);
    recipient.log.gatheredEnds = memory.f64(place + at.DC_IN_GATHERED);
    streamsOf(column, dc).forEach((stream, number) => {
      const address = place + at.DC_STREAMS + number * at.STREAM_BYTES;
      memory.read(address, lanesOf(stream).state);
      stream.at = memory.u32(address + at.STREAM_AT);
      memory.read(address + at.STREAM_BLOCK, stream.block);
    });
    sender.links.forEach((link, to) => {
      const address = place + at.DC_LINKS + to * at.LINK_BYTES;
      link.freeAt = memory.f64(address);
      link.lastArrival = memory.f64(address + at.LINK_LAST);
    });
    const serials = place + at.DC_LINKS + dcCount * at.LINK_BYTES;
    memory.read(serials, sender.serials);
    memory.read(serials + dcCount * 4, recipient.nextSerials);
    const lists = listsOf(places, dc, dcCount);
    queuesOf(column, dc).forEach((queue, number) => {
      storeQueue(memory, lists[number]!, queue);
    });
  }
}

function partsOf({ sources, senders, recipients }: Column, dc: number) {
  return { source: sources[dc]!, sender: senders[dc]!, recipient: recipients[dc]! };
}

interface Station {
  readonly count: number;
  readonly servers: number;
  readonly station: FifoServers;
}

function stationsOf(column: Column, dc: number): Station[] {
  const { sender, recipient } = partsOf(column, dc);
  return [
    { count: at.DC_FRONT_COUNT, servers: at.DC_FRONT, station: sender.front },
    { count: at.DC_ROUTER_COUNT, servers: at.DC_ROUTER, station: sender.router },
    { count: at.DC_DELIVERY_COUNT, servers: at.DC_DELIVERY, station: recipient.workers },
  ];
}

/** In the order of the layout: GAP, UP_ACCESS, ... */
function streamsOf(column: Column, dc: number): (Samples | WordBlocks)[] {
  const { source, sender, recipient } = partsOf(column, dc);
  return [
    ...[source.gaps, source.access, source.words, source.groupWords],
    ...[sender.serviceUs, sender.routerUs, sender.accessUs, sender.syncUs],
    ...[recipient.syncUs, recipient.serviceUs, recipient.accessUs],
  ];
}

function lanesOf({ generator }: Samples | WordBlocks): XoshiroLanes {
  if (generator instanceof XoshiroLanes) return generator;
  throw new TypeError('kernel: a stream that is not made of four lanes');
}

/** Queues of a DC, in the order of its lists. */
function queuesOf(column: Column, dc: number): MessageQueue[] {
  const { sender, recipient } = partsOf(column, dc);
  const inFlight = (link: Link): MessageQueue => link.inFlight;
  const own = [sender.checked, sender.routed, sender.toOwn, recipient.stored];
  return [...own, ...sender.links.map(inFlight)];
}

function listsOf({ dcs, dcBytes }: DcPlaces, dc: number, dcCount: number): number[] {
  const place = dcs + dc * dcBytes;
  const links = Array.from({ length: dcCount }, (_, to) => {
    return place + at.DC_LINKS + to * at.LINK_BYTES + at.LINK_LIST;
  });
  return [...DC_LISTS.map((list) => place + list), ...links];
}

function loadQueue(memory: KernelMemory, list: number, queue: MessageQueue): void {
  let entry = memory.u32(list + at.LIST_BASE);
  memory.setU32(list + at.LIST_COUNT, queue.length);
  for (let position = queue.head; position < queue.tail; position++) {
    const slot = position & queue.mask;
    memory.setF64(entry, queue.times[slot]!);
    memory.setF64(entry + 8, queue.dues[slot]!);
    memory.setU32(entry + 16, queue.serials[slot]!);
    memory.setU32(entry + 20, queue.marks[slot]!);
    entry += at.ENTRY_BYTES;
  }
}

function storeQueue(memory: KernelMemory, list: number, queue: MessageQueue): void {
  let entry = memory.u32(list + at.LIST_BASE);
  queue.clear();
  for (let left = memory.u32(list + at.LIST_COUNT); left > 0; left--) {
    const [serial, mark] = [memory.u32(entry + 16), memory.u32(entry + 20)];
    queue.push(memory.f64(entry), memory.f64(entry + 8), serial, mark);
    entry += at.ENTRY_BYTES;
  }
}
