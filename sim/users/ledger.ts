/**
 * What the clients were told, kept apart from the code under test: which messages were due, sent,
 * acknowledged and delivered, and when. Latencies and the invariants of the end are drawn from it
 * alone. Times are milliseconds on the world's monotonic clock.
 */

import { ChannelLedger } from './channel-ledger.ts';
import { EchoLedger } from './echo-ledger.ts';

/** One message that somebody was going to write. */
export interface LedgerEntry {
  readonly id: number;
  readonly sender: number;
  readonly recipient: number;
  readonly dueMs: number;
  /** Inside the measured window (not in the warm-up). */
  readonly measured: boolean;
  /** First handed to the network. */
  sentMs: number | undefined;
  /** First time its sender was told that it is durable. */
  ackedMs: number | undefined;
  /** How it was acknowledged first. */
  ack: 'stored' | 'queued' | undefined;
  /** The sender was told that its home DC has stored it (right away, or after it was queued). */
  storedMs: number | undefined;
  /** First time on a device of the recipient. */
  deliveredMs: number | undefined;
  /** Its id in the recipient's box, once seen. */
  deliveredId: number | undefined;
  /** A refusal that retrying cannot change. */
  refused: string | undefined;
}

/** Something that must never happen, as it is seen. */
export interface Violation {
  readonly invariant:
    | 'lost'
    | 'doubled'
    | 'order'
    | 'dense'
    | 'replica'
    | 'stale'
    | 'secret'
    | 'limit'
    | 'visible'
    /** A read pointer went back. */
    | 'pointer'
    /** What is said about who is in a channel. */
    | 'members'
    /** Two who should see the same do not. */
    | 'differs';
  readonly text: string;
}

const TEXT = /^q(\d+) /;

export class Ledger {
  readonly entries: LedgerEntry[] = [];
  readonly violations: Violation[] = [];
  /** What was told about supergroups, and what second devices were told. */
  readonly channels = new ChannelLedger((invariant, text) => this.broken(invariant, text));
  readonly echoes = new EchoLedger();
  /** Called on every step of a message; for live figures and timelines. */
  onAcked: ((entry: LedgerEntry) => void) | undefined;
  onDelivered: ((entry: LedgerEntry) => void) | undefined;

  add(sender: number, recipient: number, dueMs: number, measured: boolean): LedgerEntry {
    const entry: LedgerEntry = {
      id: this.entries.length,
      sender,
      recipient,
      dueMs,
      measured,
      sentMs: undefined,
      ackedMs: undefined,
      ack: undefined,
      storedMs: undefined,
      deliveredMs: undefined,
      deliveredId: undefined,
      refused: undefined,
    };
    this.entries.push(entry);
    return entry;
  }

  /** The text that carries a message's identity through the system, `bytes` long. */
  static textOf(
    id: number,
    bytes: number,
    words: string = 'the quick brown fox jumps over the lazy dog ',
  ): string {
    return `q${id} `.padEnd(bytes, words);
  }

  static idOf(text: string): number | undefined {
    const match = TEXT.exec(text);
    return match ? Number(match[1]) : undefined;
  }

  acked(entry: LedgerEntry, how: 'stored' | 'queued', nowMs: number): void {
    if (how === 'stored') entry.storedMs ??= nowMs;
    if (entry.ackedMs !== undefined) return;
    entry.ackedMs = nowMs;
    entry.ack = how;
    this.onAcked?.(entry);
  }

  /** A device of `recipient` shows a message. `boxId` is its id there. */
  delivered(text: string, recipient: number, boxId: number, nowMs: number): void {
    const id = Ledger.idOf(text);
    const entry = id === undefined ? undefined : this.entries[id];
    if (!entry) return;
    if (entry.recipient !== recipient) {
      this.#violation(
        'lost',
        `message ${entry.id} reached user ${recipient}, who is not its recipient`,
      );
      return;
    }
    if (entry.deliveredId !== undefined && entry.deliveredId !== boxId) {
      const ids = `${entry.deliveredId} and ${boxId}`;
      this.#violation('doubled', `message ${entry.id} stands twice in its box, as ${ids}`);
    }
    if (entry.deliveredMs !== undefined) return;
    entry.deliveredMs = nowMs;
    entry.deliveredId = boxId;
    this.onDelivered?.(entry);
  }

  /** Messages whose sender or recipient still waits for something. */
  unsettled(): LedgerEntry[] {
    return this.entries.filter(
      (entry) =>
        entry.refused === undefined &&
        (entry.storedMs === undefined || entry.deliveredMs === undefined),
    );
  }

  /**
   * Compares a box, as its owner reads it from the start, with what senders were told. `messages`
   * are all messages of the box in the order of their ids.
   */
  auditBox(owner: number, messages: readonly AuditedMessage[]): void {
    const lastOf = new Map<number, number>();
    const seen = new Map<number, number>();
    messages.forEach((message, index) => {
      if (message.id !== index + 1) {
        this.#violation('dense', `box of user ${owner}: id ${message.id} follows id ${index}`);
      }
      const id = Ledger.idOf(message.text);
      const entry = id === undefined ? undefined : this.entries[id];
      if (!entry) return;
      const before = seen.get(entry.id);
      if (before !== undefined) {
        const where = `box of user ${owner}, ids ${before} and ${message.id}`;
        this.#violation('doubled', `message ${entry.id} stands twice: ${where}`);
        return;
      }
      seen.set(entry.id, message.id);
      // Order: one sender's messages in one chat. In an own box, per recipient.
      const lane = message.out ? entry.recipient : -1 - entry.sender;
      const last = lastOf.get(lane);
      if (last !== undefined && last > entry.id) {
        const which = `message ${entry.id} stands after ${last}`;
        this.#violation('order', `box of user ${owner}: ${which}, but was sent before it`);
      }
      lastOf.set(lane, Math.max(last ?? 0, entry.id));
    });
    for (const entry of this.entries) {
      if (entry.ackedMs === undefined || seen.has(entry.id)) continue;
      if (entry.sender === owner) {
        this.#violation('lost', `message ${entry.id}, acknowledged, is not in its sender's box`);
      }
      if (entry.recipient === owner) {
        this.#violation('lost', `message ${entry.id}, acknowledged, is not in its recipient's box`);
      }
    }
  }

  /** A copy of a DC's domain is not what the DC has: seen by a world that can look at the disks. */
  replicaDiffers(text: string): void {
    this.#violation('replica', text);
  }

  /** Something else that a world has seen and that must never happen. */
  broken(invariant: Violation['invariant'], text: string): void {
    this.#violation(invariant, text);
  }

  #violation(invariant: Violation['invariant'], text: string): void {
    this.violations.push({ invariant, text });
  }

  /** Distinct violations of one kind. */
  count(invariant: Violation['invariant']): number {
    return this.violations.filter((violation) => violation.invariant === invariant).length;
  }
}

export interface AuditedMessage {
  readonly id: number;
  readonly out: boolean;
  readonly text: string;
}
