/** The kernel's memory: first it is planned what lies where, then it is made, of that size. */

import type { QuantileTable } from '../../core/quantile-table.ts';
import { TABLE_HIGH, TABLE_LOW } from './layout.ts';

const PAGE_BYTES = 65_536;
/** The compiler may keep something of its own below. */
const FIRST = 1024;

export type Numbers = Float64Array | Uint32Array | Int32Array | Uint16Array;

export class MemoryPlan {
  private next = FIRST;
  private layout = '';

  /** An address for so many bytes, a multiple of 16. */
  place(bytes: number): number {
    const address = this.next;
    this.next = Math.ceil((address + bytes) / 16) * 16;
    this.layout += ` ${bytes}`;
    return address;
  }

  /** Zero where counts lie. One that was given back is used again: engines free them late. */
  make(): KernelMemory {
    const { layout } = this;
    const memory = spare?.layout === layout ? spare : undefined;
    spare = undefined;
    return memory ?? new KernelMemory(Math.ceil(this.next / PAGE_BYTES), layout);
  }
}

/** The last memory of this thread that is no longer used. */
let spare: KernelMemory | undefined;

/** Nothing reads or writes this memory any more, and all counts in it are 0 again. */
export function giveBack(memory: KernelMemory): void {
  spare = memory;
}

/** Never grows, so views on it stay. Addresses are in bytes, numbers little-endian. */
export class KernelMemory {
  readonly memory: WebAssembly.Memory;
  private readonly data: DataView;
  private readonly bytes: Uint8Array;

  /** What lies where, so that one that fits is known again. */
  readonly layout: string;

  constructor(pages: number, layout: string) {
    this.layout = layout;
    this.memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
    this.data = new DataView(this.memory.buffer);
    this.bytes = new Uint8Array(this.memory.buffer);
  }

  get buffer(): ArrayBuffer {
    return this.memory.buffer as ArrayBuffer;
  }

  write(address: number, { buffer, byteOffset, byteLength }: Numbers): void {
    this.bytes.set(new Uint8Array(buffer, byteOffset, byteLength), address);
  }

  read(address: number, into: Numbers): void {
    const { buffer, byteOffset, byteLength } = into;
    const from = this.bytes.subarray(address, address + byteLength);
    new Uint8Array(buffer, byteOffset, byteLength).set(from);
  }

  f64(address: number): number {
    return this.data.getFloat64(address, true);
  }

  setF64(address: number, value: number): void {
    this.data.setFloat64(address, value, true);
  }

  u32(address: number): number {
    return this.data.getUint32(address, true);
  }

  setU32(address: number, value: number): void {
    this.data.setUint32(address, value, true);
  }
}

/** Writes a law's table to an address; it takes TABLE_BYTES. */
export function writeTable(memory: KernelMemory, address: number, table: QuantileTable): void {
  memory.write(address, table.cells);
  memory.write(address + TABLE_LOW, table.low);
  memory.write(address + TABLE_HIGH, table.high);
}
