/**
 * A model run that can be gone on with: what the first so many columns counted, and the digest of
 * the plan that they belong to. Columns never interact, so this is all that a later run needs.
 */
import { decode, encode } from '@msgpack/msgpack';
import { Digest } from '../core/digest.ts';
import type { HubTallyData } from './hubs/hub-tally.ts';
import type { HubPlan } from './hubs/plan.ts';
import type { ModelPlan } from './plan.ts';
import type { TallyData } from './tally.ts';

/** Grows with the format, and with everything that changes what the same plan counts. */
const FORMAT = 'quincunx model checkpoint 2';
const ARRAYS = { Float64Array, Uint32Array } as const;

export interface Checkpoint {
  /** Of everything that decides the result: see `digestOfPlan`. */
  readonly plan: string;
  /** Columns 0 to `columns` - 1 are in the tally. */
  readonly columns: number;
  readonly tally: TallyData;
  /** Posts of supergroups and channels, once all of them have been run. */
  readonly hubs?: HubTallyData | undefined;
}

/** What may be done with checkpoints; files are the caller's. */
export interface CheckpointKeeper {
  /** Of quincunx: another one may count otherwise. */
  readonly version: string;
  /** The one to go on from, as `checkpointBytes` made it. */
  readonly saved: Uint8Array | undefined;
  /** After each piece of work; `bytes` makes the checkpoint if it is wanted. */
  readonly offer: (bytes: () => Uint8Array) => void;
}

/** A checkpoint cannot be used; the message says why. */
export class CheckpointError extends Error {
  override name = 'CheckpointError';
}

export function digestOfPlan(
  plan: ModelPlan & { readonly hubs?: HubPlan },
  version: string,
): string {
  const digest = new Digest().text(FORMAT).text(version);
  const add = (value: unknown): void => {
    if (ArrayBuffer.isView(value)) {
      const { buffer, byteOffset, byteLength } = value;
      const bytes = new Uint8Array(buffer, byteOffset, byteLength);
      digest.word(byteLength);
      for (let i = 0; i < byteLength; i += 4) {
        digest.word(
          bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24),
        );
      }
    } else if (typeof value === 'object' && value !== null) {
      for (const [name, part] of Object.entries(value)) {
        digest.text(name);
        add(part);
      }
    } else {
      digest.text(String(value));
    }
  };
  add(plan);
  return digest.hex();
}

export function checkpointBytes(checkpoint: Checkpoint): Uint8Array {
  const { plan, columns, tally, hubs } = checkpoint;
  const posts = hubs === undefined ? {} : { hubs: packed(hubs) };
  return encode({ format: FORMAT, plan, columns, tally: packed(tally), ...posts });
}

/** Throws `CheckpointError` for other bytes, and for a checkpoint of another plan or version. */
export function checkpointOf(bytes: Uint8Array, plan: string): Checkpoint {
  let read: unknown;
  try {
    read = decode(bytes);
  } catch {
    throw new CheckpointError('is not a checkpoint of a model run, or is damaged');
  }
  const saved = read as { readonly [name in 'format' | keyof Checkpoint]?: unknown };
  if (typeof saved !== 'object' || saved === null || saved.format !== FORMAT) {
    throw new CheckpointError('is not a checkpoint of a model run of this version');
  }
  if (saved.plan !== plan) {
    throw new CheckpointError('belongs to another scenario, seed, window or version');
  }
  if (typeof saved.columns !== 'number') throw new CheckpointError('is damaged');
  const tally = unpacked(saved.tally) as TallyData;
  const hubs = saved.hubs === undefined ? undefined : (unpacked(saved.hubs) as HubTallyData);
  return { plan, columns: saved.columns, tally, hubs };
}

/** Typed arrays as name and bytes; whatever holds them as an object. */
function packed(value: unknown): unknown {
  if (value instanceof Float64Array || value instanceof Uint32Array) {
    const { buffer, byteOffset, byteLength } = value;
    return [value.constructor.name, new Uint8Array(buffer, byteOffset, byteLength)];
  }
  const entries = Object.entries(value as Record<string, unknown>);
  return Object.fromEntries(entries.map(([name, part]) => [name, packed(part)]));
}

function unpacked(value: unknown): unknown {
  if (Array.isArray(value)) {
    const [name, bytes] = value as [keyof typeof ARRAYS, Uint8Array];
    if (!(name in ARRAYS) || !(bytes instanceof Uint8Array)) {
      throw new CheckpointError('is damaged');
    }
    return new ARRAYS[name](bytes.slice().buffer);
  }
  if (typeof value !== 'object' || value === null) throw new CheckpointError('is damaged');
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, unpacked(part)]));
}
