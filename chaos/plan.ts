/**
 * Faults as data: what, where, when, how long. Targets are datacentres and directed links between
 * them, named by DC id; times count from the start of the measured window. Interpreters (the
 * cluster's virtual world, the live world's proxies) turn each into action and report what they
 * did. Not every world can do every kind: `unsupportedFaults` says so before a run.
 */

interface Timed {
  /** Seconds from the start of the measured window. */
  readonly atSeconds: number;
  /** Seconds until it heals. */
  readonly forSeconds: number;
}

interface OfDc extends Timed {
  readonly dc: number;
}

/** Of the directed backbone link from one DC to another. */
interface OfLink extends Timed {
  readonly from: number;
  readonly to: number;
}

/** Of the backbone between two DCs, both ways. */
interface OfPair extends Timed {
  readonly a: number;
  readonly b: number;
}

/** The whole DC is gone: its processes die, nobody reaches it; later it restarts on its disk. */
export interface DcLoss extends OfDc {
  readonly kind: 'dc_loss';
}

/** The processes of a DC die at once (kill -9); the network stays, so peers notice at once. */
export interface DcCrash extends OfDc {
  readonly kind: 'dc_crash';
}

/** Both sides live, but no backbone link between them works, in either direction. */
export interface Partition extends Timed {
  readonly kind: 'partition';
  readonly groups: readonly [readonly number[], readonly number[]];
}

/** One directed backbone link gets slower by `addedMs` (one way). */
export interface SlowLink extends OfLink {
  readonly kind: 'slow_link';
  readonly addedMs: number;
}

/** What one DC sends to another vanishes; the other way works (an asymmetric partition). */
export interface OneWayCut extends OfLink {
  readonly kind: 'one_way_cut';
}

/** The backbone between two DCs is cut for `downMs`, works for `upMs`, is cut again, ... */
export interface FlappingLink extends OfPair {
  readonly kind: 'flapping_link';
  readonly downMs: number;
  readonly upMs: number;
}

/**
 * A share of the packets of one directed link is lost. To a TCP stream a loss is a stall until the
 * retransmission (200 ms, doubling), which holds up everything behind it.
 */
export interface LossyLink extends OfLink {
  readonly kind: 'lossy_link';
  /** Above 0, up to 1. */
  readonly lossShare: number;
}

/**
 * The connections between two DCs are reset in the middle of what they carry, each once, after a
 * drawn number of further bytes. `forSeconds` is how long it may take until there is any traffic.
 */
export interface CutMidFrame extends OfPair {
  readonly kind: 'cut_mid_frame';
}

/** Each packet of one directed link takes up to `jitterMs` longer, drawn evenly. */
export interface Jitter extends OfLink {
  readonly kind: 'jitter';
  readonly jitterMs: number;
}

/** All that comes from or goes to a DC takes `addedMs` longer, each way (a gray failure). */
export interface SlowDc extends OfDc {
  readonly kind: 'slow_dc';
  readonly addedMs: number;
}

/** Devices cannot reach the DC; its backbone works. */
export interface ClientsCut extends OfDc {
  readonly kind: 'clients_cut';
}

/** Every sync and every read of the DC's disk takes `factor` times as long. */
export interface DiskSlow extends OfDc {
  readonly kind: 'disk_slow';
  readonly factor: number;
}

/** No write to the DC's disk succeeds. Its process is restarted again and again meanwhile. */
export interface DiskFull extends OfDc {
  readonly kind: 'disk_full';
}

/** One bit flips in each of that many drawn values at rest, unless there are not so many. */
export interface BitRot extends OfDc {
  readonly kind: 'bit_rot';
  readonly entries: number;
}

/**
 * The DC's process dies in the middle of a write: what was being written is lost and, drawn, one
 * value written earlier is damaged as by `bit_rot`. `forSeconds` also is how long a write may take
 * to come; the process starts again when it is over.
 */
export interface TornWrite extends OfDc {
  readonly kind: 'torn_write';
}

/** The DC's wall clock is wrong by `ms` (either sign); in the end it steps back. */
export interface ClockSkew extends OfDc {
  readonly kind: 'clock_skew';
  readonly ms: number;
}

/** The wall clock of the running process steps by `ms` (either sign), and back in the end. */
export interface ClockJump extends OfDc {
  readonly kind: 'clock_jump';
  readonly ms: number;
}

/** The DC's process stands still (SIGSTOP), its sockets stay open; then all is due at once. */
export interface Pause extends OfDc {
  readonly kind: 'pause';
}

/** Every DC's process is killed and started again, one after the other, `pauseBetweenMs` apart. */
export interface RollingRestart extends Timed {
  readonly kind: 'rolling_restart';
  readonly pauseBetweenMs: number;
}

/**
 * The machine is replaced: devices are sent elsewhere, what the DC has acknowledged gets to other
 * DCs, the process dies, and in the end it starts on an empty disk. Not fired where the second
 * step took longer than `forSeconds`.
 */
export interface Wipe extends OfDc {
  readonly kind: 'wipe';
}

export type Fault =
  | DcLoss
  | DcCrash
  | Partition
  | SlowLink
  | OneWayCut
  | FlappingLink
  | LossyLink
  | CutMidFrame
  | Jitter
  | SlowDc
  | ClientsCut
  | DiskSlow
  | DiskFull
  | BitRot
  | TornWrite
  | ClockSkew
  | ClockJump
  | Pause
  | RollingRestart
  | Wipe;

export type FaultKind = Fault['kind'];
export type FaultOf<Kind extends FaultKind> = Extract<Fault, { readonly kind: Kind }>;

/**
 * The DC that a fault takes away from its users whole, if it does: it is out of reach, stands
 * still, or keeps dying, until the fault has healed.
 */
export function lostDc(fault: Fault): number | undefined {
  switch (fault.kind) {
    case 'dc_loss':
    case 'dc_crash':
    case 'clients_cut':
    case 'disk_full':
    case 'torn_write':
    case 'pause':
    case 'wipe':
      return fault.dc;
    default:
      return undefined;
  }
}

export interface FaultPlan {
  readonly faults: readonly Fault[];
}

/** What an interpreter really did; a planned fault without such a record makes a run void. */
export interface FaultRecord {
  readonly fault: Fault;
  /**
   * Seconds from the start of the measured window; undefined where it never happened, or made no
   * difference to anything.
   */
  readonly firedAtSeconds?: number;
  readonly healedAtSeconds?: number;
  /**
   * How often it made a difference, where the interpreter counts: packets lost or delayed, values
   * damaged, connections cut, processes killed, calls held back.
   */
  readonly effects?: number;
  /** What was damaged, one line each, where that is more than a number. */
  readonly details?: readonly string[];
}

/** "dc_loss of DC 3", "partition 1,2 | 3,4,5": for progress lines and reports. */
export function describeFault(fault: Fault): string {
  const { kind } = fault;
  switch (kind) {
    case 'partition':
      return `${kind} ${fault.groups[0].join(',')} | ${fault.groups[1].join(',')}`;
    case 'one_way_cut':
      return `${kind} ${fault.from}→${fault.to}`;
    case 'slow_link':
      return `${kind} ${fault.from}→${fault.to} by ${fault.addedMs} ms`;
    case 'lossy_link':
      return `${kind} ${fault.from}→${fault.to}, share ${fault.lossShare}`;
    case 'jitter':
      return `${kind} ${fault.from}→${fault.to} up to ${fault.jitterMs} ms`;
    case 'flapping_link':
      return `${kind} ${fault.a}↔${fault.b}, ${fault.downMs} ms down, ${fault.upMs} ms up`;
    case 'cut_mid_frame':
      return `${kind} ${fault.a}↔${fault.b}`;
    case 'slow_dc':
      return `${kind} of DC ${fault.dc} by ${fault.addedMs} ms`;
    case 'disk_slow':
      return `${kind} of DC ${fault.dc}, ${fault.factor} times`;
    case 'bit_rot':
      return `${kind} of DC ${fault.dc}, ${fault.entries} values`;
    case 'clock_skew':
    case 'clock_jump':
      return `${kind} of DC ${fault.dc} by ${fault.ms} ms`;
    case 'rolling_restart':
      return `${kind}, ${fault.pauseBetweenMs} ms apart`;
    default:
      return `${kind} of DC ${fault.dc}`;
  }
}

/** What a field may hold: a DC of the topology, or a number between two limits. */
export type FieldRule = 'dc' | NumberRule;
interface NumberRule {
  readonly min: number;
  readonly max: number;
  /** `min` itself is not allowed. */
  readonly above?: true;
  readonly whole?: true;
  readonly notZero?: true;
}

/** Beyond these a typing mistake is likelier than a wish. */
const ADDED_MS: NumberRule = { min: 0, above: true, max: 600_000 };
/** Shorter than this a link does not carry a single packet between two changes. */
const FLAP_MS: NumberRule = { min: 1, max: 600_000 };
const SHARE: NumberRule = { min: 0, above: true, max: 1 };
const FACTOR: NumberRule = { min: 1, above: true, max: 100_000 };
const ENTRIES: NumberRule = { min: 1, max: 10_000, whole: true };
/** A year: no clock battery does more harm than that. */
const CLOCK_MS: NumberRule = { min: -31_536_000_000, max: 31_536_000_000, notZero: true };

type Fields<Kind extends FaultKind> = {
  readonly [Name in Exclude<keyof FaultOf<Kind>, keyof Timed | 'kind' | 'groups'>]: FieldRule;
};

/** Each kind's own fields. `groups` of a partition is checked by itself. */
const FIELDS: { readonly [Kind in FaultKind]: Fields<Kind> } = {
  dc_loss: { dc: 'dc' },
  dc_crash: { dc: 'dc' },
  partition: {},
  slow_link: { from: 'dc', to: 'dc', addedMs: ADDED_MS },
  one_way_cut: { from: 'dc', to: 'dc' },
  flapping_link: { a: 'dc', b: 'dc', downMs: FLAP_MS, upMs: FLAP_MS },
  lossy_link: { from: 'dc', to: 'dc', lossShare: SHARE },
  cut_mid_frame: { a: 'dc', b: 'dc' },
  jitter: { from: 'dc', to: 'dc', jitterMs: ADDED_MS },
  slow_dc: { dc: 'dc', addedMs: ADDED_MS },
  clients_cut: { dc: 'dc' },
  disk_slow: { dc: 'dc', factor: FACTOR },
  disk_full: { dc: 'dc' },
  bit_rot: { dc: 'dc', entries: ENTRIES },
  torn_write: { dc: 'dc' },
  clock_skew: { dc: 'dc', ms: CLOCK_MS },
  clock_jump: { dc: 'dc', ms: CLOCK_MS },
  pause: { dc: 'dc' },
  rolling_restart: { pauseBetweenMs: ADDED_MS },
  wipe: { dc: 'dc' },
};

/** For whoever publishes the rules, such as a JSON Schema. */
export const FAULT_FIELDS: Readonly<Record<FaultKind, Readonly<Record<string, FieldRule>>>> =
  FIELDS;

/** Every kind there is, in the order of the documentation. */
export const FAULT_KINDS = Object.keys(FIELDS) as readonly FaultKind[];

/** What only a virtual disk can suffer. */
const NOT_LIVE: readonly FaultKind[] = ['bit_rot', 'torn_write', 'wipe'];

/** Of the live world, what the real toxiproxy-server does not know. */
export const EMBEDDED_ONLY: readonly FaultKind[] = ['cut_mid_frame', 'lossy_link'];

/** What each world can do to itself. */
export const WORLD_FAULTS: Readonly<Record<'model' | 'cluster' | 'live', readonly FaultKind[]>> = {
  model: ['dc_loss', 'dc_crash', 'partition', 'slow_link'],
  cluster: FAULT_KINDS,
  // A real disk is not ours to damage.
  live: FAULT_KINDS.filter((kind) => !NOT_LIVE.includes(kind)),
};

/**
 * One line for each fault of the plan that this world cannot do; to be asked before a run.
 * `proxies` is of the live world.
 */
export function unsupportedFaults(
  faults: readonly Fault[],
  world: keyof typeof WORLD_FAULTS,
  proxies: 'embedded' | 'real' = 'embedded',
): string[] {
  const real = world === 'live' && proxies === 'real';
  const can = WORLD_FAULTS[world].filter((kind) => !real || !EMBEDDED_ONLY.includes(kind));
  return faults.flatMap(({ kind }, index) =>
    can.includes(kind)
      ? []
      : [`faults[${index}].kind: the ${world} world cannot do '${kind}'; it can do ${listOf(can)}`],
  );
}

/** Everything that is wrong with a plan, each with its place and what would be right. */
export function faultPlanProblems(
  plan: FaultPlan,
  dcs: readonly number[],
  windowSeconds: number,
): string[] {
  return plan.faults.flatMap((fault, index) => {
    const at = `faults[${index}]`;
    if (typeof fault !== 'object' || fault === null) {
      return [`${at}: use { kind: 'dc_loss', dc: 1, atSeconds: 30, forSeconds: 30 }`];
    }
    return [
      ...timeProblems(fault, at, windowSeconds),
      ...fieldProblems(fault, at, dcs),
      ...pairProblems(fault, at),
      ...rollingProblems(fault, at, dcs.length),
    ];
  });
}

function timeProblems(fault: Timed, at: string, windowSeconds: number): string[] {
  const { atSeconds, forSeconds } = fault;
  const problems: string[] = [];
  for (const [name, value] of Object.entries({ atSeconds, forSeconds })) {
    if (typeof value === 'number') continue;
    const given = value === undefined ? 'is missing' : `${JSON.stringify(value)} is no number`;
    problems.push(`${at}.${name}: ${given}; use seconds, such as 30`);
  }
  if (problems.length > 0) return problems;
  if (!(atSeconds >= 0 && atSeconds < windowSeconds)) {
    problems.push(`${at}.atSeconds: ${atSeconds} is outside the window; use 0 to ${windowSeconds}`);
  }
  if (!(forSeconds > 0)) {
    problems.push(`${at}.forSeconds: ${forSeconds} must be above 0`);
  } else if (atSeconds + forSeconds > windowSeconds) {
    problems.push(`${at}: heals after the window ends (${windowSeconds} s); shorten forSeconds`);
  }
  return problems;
}

function fieldProblems(fault: Fault, at: string, dcs: readonly number[]): string[] {
  if (!Object.hasOwn(FIELDS, fault.kind)) {
    const kind = String((fault as { kind: unknown }).kind);
    return [`${at}.kind: '${kind}' is not known; use ${listOf(FAULT_KINDS)}`];
  }
  const rules: Readonly<Record<string, FieldRule>> = FIELDS[fault.kind];
  const unknown = unknownFields(fault, at, Object.keys(rules));
  if (fault.kind === 'partition') return [...unknown, ...groupProblems(fault, at, dcs)];
  const wrong = Object.entries(rules).flatMap(([name, rule]) => {
    const value = (fault as unknown as Readonly<Record<string, unknown>>)[name];
    const problem = rule === 'dc' ? dcProblem(value, dcs) : numberProblem(value, rule);
    return problem === undefined ? [] : [`${at}.${name}: ${problem}`];
  });
  return [...unknown, ...wrong];
}

/** What is misspelt, or of another kind, would change nothing without a word. */
function unknownFields(fault: Fault, at: string, own: readonly string[]): string[] {
  const ofKind = fault.kind === 'partition' ? ['groups'] : own;
  const known = ['kind', ...ofKind, 'atSeconds', 'forSeconds'];
  return Object.keys(fault)
    .filter((name) => !known.includes(name))
    .map((name) => `${at}.${name}: '${fault.kind}' has no such field; use ${listOf(known)}`);
}

function dcProblem(value: unknown, dcs: readonly number[]): string | undefined {
  if (dcs.includes(value as number)) return undefined;
  return `there is no DC ${String(value)}; use ${dcs.join(', ')}`;
}

function numberProblem(value: unknown, rule: NumberRule): string | undefined {
  const { min, max, above = false, whole = false, notZero = false } = rule;
  if (typeof value !== 'number' || !(above ? value > min : value >= min)) {
    return `${String(value)} must be ${above ? 'above' : 'at least'} ${min}`;
  }
  if (!(value <= max)) return `${value} must be at most ${max}`;
  if (whole && !Number.isInteger(value)) return `${value} must be a whole number`;
  return notZero && value === 0 ? '0 changes nothing; use another number' : undefined;
}

function groupProblems({ groups }: Partition, at: string, dcs: readonly number[]): string[] {
  if (!Array.isArray(groups) || groups.length !== 2 || !groups.every(Array.isArray)) {
    return [`${at}.groups: use two lists of DCs, such as [[1, 2], [3, 4, 5]]`];
  }
  const [left, right] = groups;
  const problems = groups.flat().flatMap((dc) => {
    const problem = dcProblem(dc, dcs);
    return problem === undefined ? [] : [`${at}.groups: ${problem}`];
  });
  if (left.some((dc) => right.includes(dc)))
    problems.push(`${at}.groups: a DC stands on both sides`);
  return problems;
}

function pairProblems(fault: Fault, at: string): string[] {
  const same = 'from' in fault ? fault.from === fault.to : 'a' in fault && fault.a === fault.b;
  return same ? [`${at}: a DC has no link to itself; name two DCs`] : [];
}

function rollingProblems(fault: Fault, at: string, dcCount: number): string[] {
  if (fault.kind !== 'rolling_restart') return [];
  const seconds = ((dcCount - 1) * fault.pauseBetweenMs) / 1000;
  if (!(seconds >= fault.forSeconds)) return [];
  return [`${at}: ${dcCount} DCs take more than ${seconds} s; lengthen forSeconds`];
}

/** "a, b or c". */
function listOf(names: readonly string[]): string {
  return names.length < 2
    ? names.join('')
    : `${names.slice(0, -1).join(', ')} or ${names.at(-1) ?? ''}`;
}
