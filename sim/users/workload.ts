/**
 * What a crowd does besides writing to each other, as data: supergroups and who is in them at the
 * start, and operations, each due at a time of its own (open workload: nobody waits for anybody).
 */

/** A supergroup that exists before the load starts. Its home is its creator's. */
export interface PlannedChannel {
  readonly creator: number;
  /** Who else has joined when the load starts. */
  readonly members: readonly number[];
}

interface Due {
  /** After the load starts. */
  readonly dueMs: number;
  readonly user: number;
}

interface InChannel extends Due {
  /** Its place in the list of channels. */
  readonly channel: number;
}

/** On one of the user's devices: 0 is the one that writes, 1 the second one. */
interface OnDevice extends Due {
  readonly device: number;
}

export type DueOperation =
  | (InChannel & { readonly kind: 'post'; readonly textBytes: number })
  /** The newest own post that stands. */
  | (InChannel & { readonly kind: 'edit' | 'delete' })
  | (InChannel & { readonly kind: 'join' | 'leave' })
  | (InChannel & { readonly kind: 'invite' | 'ban' | 'unban'; readonly target: number })
  | (InChannel & { readonly kind: 'mute'; readonly muted: boolean })
  /** Looks at the channel, or tells that everything shown so far is read. */
  | (InChannel & OnDevice & { readonly kind: 'open' | 'read' })
  /** Everything shown of the chat with `peer` is read. */
  | (OnDevice & { readonly kind: 'read_chat'; readonly peer: number })
  /** The device is switched off for a while. */
  | (OnDevice & { readonly kind: 'away'; readonly forMs: number });

export type OperationKind = DueOperation['kind'];

export interface Workload {
  readonly channels: readonly PlannedChannel[];
  /** In the order of their times. */
  readonly operations: readonly DueOperation[];
}

export const NO_WORKLOAD: Workload = { channels: [], operations: [] };

/** Users whom an operation names besides the one who acts. */
export function namedUsers(operation: DueOperation): number[] {
  if ('target' in operation) return [operation.target];
  return operation.kind === 'read_chat' ? [operation.peer] : [];
}

/** More than any world needs: a file may be anything. */
const CHANNELS_MAX = 1_000;
const OPERATIONS_MAX = 1_000_000;
const AWAY_MS_MAX = 86_400_000;
const TEXT_BYTES_MAX = 4_096;

const KINDS: Readonly<Record<OperationKind, readonly string[]>> = {
  post: ['channel', 'textBytes'],
  edit: ['channel'],
  delete: ['channel'],
  join: ['channel'],
  leave: ['channel'],
  invite: ['channel', 'target'],
  ban: ['channel', 'target'],
  unban: ['channel', 'target'],
  mute: ['channel'],
  open: ['channel', 'device'],
  read: ['channel', 'device'],
  read_chat: ['peer', 'device'],
  away: ['device', 'forMs'],
};
export const OPERATION_KINDS = Object.keys(KINDS) as readonly OperationKind[];

/** Everything that is wrong with a workload that a file brings, for a crowd of so many users. */
export function workloadProblems(workload: unknown, users: number): string[] {
  const { channels, operations } = fieldsOf(workload) ?? {};
  if (!Array.isArray(channels) || channels.length > CHANNELS_MAX) {
    return [`channels: use a list of at most ${CHANNELS_MAX}`];
  }
  if (!Array.isArray(operations) || operations.length > OPERATIONS_MAX) {
    return [`operations: use a list of at most ${OPERATIONS_MAX}`];
  }
  const isUser = (value: unknown): boolean => isWhole(value, users - 1);
  const problems = channels.flatMap((channel: unknown, index) => {
    const { creator, members } = fieldsOf(channel) ?? {};
    const right = isUser(creator) && Array.isArray(members) && members.every(isUser);
    return right ? [] : [`channels[${index}]: use { creator, members } with numbers of users`];
  });
  const limits: Readonly<Record<string, number>> = {
    channel: channels.length - 1,
    target: users - 1,
    peer: users - 1,
    device: 1,
    forMs: AWAY_MS_MAX,
    textBytes: TEXT_BYTES_MAX,
  };
  operations.forEach((operation: unknown, index) => {
    const fields = fieldsOf(operation) ?? {};
    const { kind, dueMs, user } = fields;
    const wanted = Object.hasOwn(KINDS, String(kind)) ? KINDS[kind as OperationKind] : undefined;
    if (!wanted)
      problems.push(`operations[${index}]: kind is none of ${OPERATION_KINDS.join(', ')}`);
    else if (
      typeof dueMs !== 'number' ||
      !(dueMs >= 0) ||
      !isUser(user) ||
      !wanted.every((name) => isWhole(fields[name], limits[name] ?? 0)) ||
      (kind === 'mute' && typeof fields['muted'] !== 'boolean')
    ) {
      const names = ['dueMs', 'user', ...wanted, ...(kind === 'mute' ? ['muted'] : [])];
      problems.push(`operations[${index}]: use { kind, ${names.join(', ')} } within their limits`);
    }
  });
  return problems;
}

const fieldsOf = (value: unknown): Readonly<Record<string, unknown>> | undefined =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;

const isWhole = (value: unknown, max: number): boolean =>
  Number.isInteger(value) && (value as number) >= 0 && (value as number) <= max;
