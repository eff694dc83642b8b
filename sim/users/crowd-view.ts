/**
 * A crowd as those see it who lead and watch a run: the same whether its users are in this thread
 * (crowd.ts) or in others (sim/parallel/crowd-threads.ts).
 */
import type { CrowdPerson } from './crowd.ts';
import type { Ledger, LedgerEntry } from './ledger.ts';

export interface CrowdView {
  readonly ledger: Ledger;
  /** When the measured window starts, on the crowd's clock. */
  readonly windowStartMs: number;
  /** Every message that was sent is confirmed to its sender and shown to its recipient. */
  readonly settled: boolean;
  /** How late the generator handed each message on, ms, with when it was due; warm-up left out. */
  onLag: ((lagMs: number, dueMs: number) => void) | undefined;
  onDue: ((sender: number, dueMs: number) => void) | undefined;
  arrive(progress: (done: number, text: string) => void): Promise<void>;
  startLoad(): void;
  /** Users whom `dc` serves who are connected elsewhere or nowhere. */
  away(dc: number): number;
  person(index: number): CrowdPerson;
  /** Reads every box from the start and compares it with what senders were told. */
  audit(progress: (done: number, text: string) => void): Promise<void>;
  stop(): void;
}

/** As much of it as figures of a running load need: a crowd's, or another generator's. */
export interface WatchedLoad {
  readonly windowStartMs: number;
  readonly ledger: {
    readonly entries: readonly LedgerEntry[];
    onAcked: ((entry: LedgerEntry) => void) | undefined;
    onDelivered: ((entry: LedgerEntry) => void) | undefined;
  };
  onDue: CrowdView['onDue'];
  away(dc: number): number;
  person(index: number): { readonly homeDc: number };
}
