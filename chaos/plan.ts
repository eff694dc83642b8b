/**
 * Faults as data: what, where, when, how long. Targets are datacentres and directed links between
 * them, named by DC id; times count from the start of the measured window. Interpreters (the
 * cluster's virtual world, the live world's proxies) turn each into action and report what they
 * did.
 */

interface Timed {
  /** Seconds from the start of the measured window. */
  readonly atSeconds: number;
  /** Seconds until it heals. */
  readonly forSeconds: number;
}

/** The whole DC is gone: its processes die, nobody reaches it; later it restarts on its disk. */
export interface DcLoss extends Timed {
  readonly kind: 'dc_loss';
  readonly dc: number;
}

/** The processes of a DC die at once (kill -9); the network stays, so peers notice at once. */
export interface DcCrash extends Timed {
  readonly kind: 'dc_crash';
  readonly dc: number;
}

/** Both sides live, but no backbone link between them works, in either direction. */
export interface Partition extends Timed {
  readonly kind: 'partition';
  readonly groups: readonly [readonly number[], readonly number[]];
}

/** One directed backbone link gets slower by `addedMs` (one way). */
export interface SlowLink extends Timed {
  readonly kind: 'slow_link';
  readonly from: number;
  readonly to: number;
  readonly addedMs: number;
}

export type Fault = DcLoss | DcCrash | Partition | SlowLink;

/** The DC that a fault takes away whole, if it does. */
export function lostDc(fault: Fault): number | undefined {
  return fault.kind === 'dc_loss' || fault.kind === 'dc_crash' ? fault.dc : undefined;
}

export interface FaultPlan {
  readonly faults: readonly Fault[];
}

/** What an interpreter really did; a planned fault without such a record makes a run void. */
export interface FaultRecord {
  readonly fault: Fault;
  /** Seconds from the start of the measured window; undefined where it never happened. */
  readonly firedAtSeconds?: number;
  readonly healedAtSeconds?: number;
}

/** "dc_loss of DC 3", "partition 1,2 | 3,4,5": for progress lines and reports. */
export function describeFault(fault: Fault): string {
  switch (fault.kind) {
    case 'dc_loss':
    case 'dc_crash':
      return `${fault.kind} of DC ${fault.dc}`;
    case 'partition':
      return `partition ${fault.groups[0].join(',')} | ${fault.groups[1].join(',')}`;
    case 'slow_link':
      return `slow_link ${fault.from}→${fault.to} by ${fault.addedMs} ms`;
  }
}

/** Everything that is wrong with a plan, each with its place and what would be right. */
export function faultPlanProblems(
  plan: FaultPlan,
  dcs: readonly number[],
  windowSeconds: number,
): string[] {
  const problems: string[] = [];
  plan.faults.forEach((fault, index) => {
    const at = `faults[${index}]`;
    const wantDc = (value: unknown, field: string): void => {
      if (!dcs.includes(value as number)) {
        problems.push(`${at}.${field}: there is no DC ${String(value)}; use ${dcs.join(', ')}`);
      }
    };
    if (!(fault.atSeconds >= 0 && fault.atSeconds < windowSeconds)) {
      problems.push(
        `${at}.atSeconds: ${fault.atSeconds} is outside the window; use 0 to ${windowSeconds}`,
      );
    }
    if (!(fault.forSeconds > 0)) {
      problems.push(`${at}.forSeconds: ${fault.forSeconds} must be above 0`);
    } else if (fault.atSeconds + fault.forSeconds > windowSeconds) {
      problems.push(`${at}: heals after the window ends (${windowSeconds} s); shorten forSeconds`);
    }
    switch (fault.kind) {
      case 'dc_loss':
      case 'dc_crash':
        wantDc(fault.dc, 'dc');
        break;
      case 'partition': {
        if (!Array.isArray(fault.groups) || fault.groups.length !== 2) {
          problems.push(`${at}.groups: use two lists of DCs, such as [[1, 2], [3, 4, 5]]`);
          break;
        }
        for (const dc of fault.groups.flat()) wantDc(dc, 'groups');
        if (fault.groups[0].some((dc) => fault.groups[1].includes(dc))) {
          problems.push(`${at}.groups: a DC stands on both sides`);
        }
        break;
      }
      case 'slow_link':
        wantDc(fault.from, 'from');
        wantDc(fault.to, 'to');
        if (!(fault.addedMs > 0)) problems.push(`${at}.addedMs: ${fault.addedMs} must be above 0`);
        break;
      default:
        problems.push(
          `${at}.kind: '${String((fault as { kind: unknown }).kind)}' is not known; use dc_loss, dc_crash, partition or slow_link`,
        );
    }
  });
  return problems;
}
