/**
 * How a run ends, as scripts see it. Where k6 has a code for the same thing, its number is used;
 * our own begin at 111.
 */
export const EXIT = {
  /** Every promise held. */
  held: 0,
  /** Our fault: a defect of Quincunx or of the machine under it. */
  ourFault: 1,
  /** An SLO was broken (k6: thresholds have failed). */
  broken: 99,
  /** A scenario, option or file is not right (k6: invalid configuration). */
  invalid: 104,
  /** Ctrl-C or SIGTERM (k6: external abort). */
  interrupted: 105,
  /** The scenario file threw while it was loaded, or the driver in a run (k6: script exception). */
  scenarioThrew: 107,
  /** Too little data, or the generator or the machine was the bottleneck: the run is void. */
  undecided: 111,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** The exit code of a results document's verdict. */
export function exitCodeOf(verdict: 'held' | 'broken' | 'undecided'): ExitCode {
  return EXIT[verdict];
}

/** What a person asked for is not right: everything that is wrong, and what would be right. */
export class InvalidInput extends Error {
  override name = 'InvalidInput';
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.problems = problems;
  }
}
