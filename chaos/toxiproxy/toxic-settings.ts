/** A toxic as the API knows it: checked values, without any connection. */
import { ApiError, badBody } from './api-error.ts';
import { fieldsOf, type JsonObject, numberField, stringField } from './json-body.ts';
import { LIMITS } from './limits.ts';
import { TOXIC_KINDS } from './toxics/index.ts';
import type { Attributes, ToxicKind } from './toxics/toxic.ts';

/** `upstream` is client to server, `downstream` server to client. */
export type Direction = 'upstream' | 'downstream';

export interface ToxicSettings {
  readonly name: string;
  readonly kind: ToxicKind;
  readonly direction: Direction;
  /** The stream as the caller wrote it; the real server echoes it in any case. */
  readonly stream: string;
  /** Share of connections that it takes hold of, 0 to 1. */
  readonly toxicity: number;
  readonly attributes: Attributes;
  /** Tells it from a later toxic of the same name; survives updates. */
  readonly identity: object;
}

/** Reads the body of a create call, in the real server's order of checks up to the name. */
export function readToxic(body: unknown, nameTaken: (name: string) => boolean): ToxicSettings {
  const fields = fieldsOf(body, 'a toxic');
  const given = {
    name: stringField(fields, 'name'),
    type: stringField(fields, 'type') ?? '',
    stream: stringField(fields, 'stream') ?? '',
    toxicity: numberField(fields, 'toxicity') ?? 1,
  };
  const stream = given.stream === '' ? 'downstream' : given.stream;
  const direction = stream.toLowerCase();
  if (direction !== 'upstream' && direction !== 'downstream') {
    throw new ApiError(400, 'stream was invalid, can be either upstream or downstream');
  }
  const kind = TOXIC_KINDS.get(given.type);
  if (!kind) throw new ApiError(400, 'invalid toxic type');
  const name = given.name || `${kind.type}_${stream}`;
  checkName(name);
  if (nameTaken(name)) throw new ApiError(409, 'toxic already exists');
  const defaults = Object.fromEntries(
    Object.entries(kind.attributes).map(([key, { byDefault = 0 }]) => [key, byDefault]),
  );
  return {
    name,
    kind,
    direction,
    stream,
    toxicity: checkedToxicity(given.toxicity),
    attributes: mergedAttributes(kind, defaults, fields),
    identity: {},
  };
}

/** Reads the body of an update call: attributes and toxicity merge, everything else is ignored. */
export function updatedToxic(toxic: ToxicSettings, body: unknown): ToxicSettings {
  const fields = fieldsOf(body, 'a toxic');
  return {
    ...toxic,
    toxicity: checkedToxicity(numberField(fields, 'toxicity') ?? toxic.toxicity),
    attributes: mergedAttributes(toxic.kind, toxic.attributes, fields),
  };
}

export function toxicJson(toxic: ToxicSettings): object {
  const { attributes, name, kind, stream, toxicity } = toxic;
  return { attributes, name, type: kind.type, stream, toxicity };
}

export function checkName(name: string): void {
  if (name.length > LIMITS.nameCharactersMax) {
    throw new ApiError(400, `name is longer than ${LIMITS.nameCharactersMax} characters`);
  }
}

function checkedToxicity(toxicity: number): number {
  if (toxicity >= 0 && toxicity <= 1) return toxicity;
  throw new ApiError(400, `invalid toxicity ${toxicity}: use 0 to 1`);
}

function mergedAttributes(kind: ToxicKind, before: Attributes, fields: JsonObject): Attributes {
  const given = fieldsOf(fields.get('attributes') ?? null, 'attributes');
  const merged: Record<string, number> = {};
  for (const [name, { min, max }] of Object.entries(kind.attributes)) {
    const value = numberField(given, name) ?? before[name]!;
    if (!Number.isSafeInteger(value)) throw badBody(`${name} must be a whole number, not ${value}`);
    if (value < min) throw new ApiError(400, `invalid ${name} ${value}: must be at least ${min}`);
    if (max !== undefined && value > max) {
      throw new ApiError(400, `invalid ${name} ${value}: must be at most ${max}`);
    }
    merged[name] = value;
  }
  const problem = kind.problem?.(merged);
  if (problem !== undefined) throw new ApiError(400, `invalid attributes: ${problem}`);
  return merged;
}
