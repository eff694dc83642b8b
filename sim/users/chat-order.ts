/**
 * Order within chats, for clients that send without waiting: what of it a backend has promised,
 * and where it was broken.
 */

/** What of a message is needed; times on one clock, ms. */
export interface OrderedMessage {
  readonly id: number;
  readonly sender: number;
  readonly recipient: number;
  readonly sentMs: number | undefined;
  readonly ackedMs: number | undefined;
  /** Its number in the recipient's box. */
  readonly deliveredId: number | undefined;
}

/**
 * Ids of messages that stand, in the box of their recipient, before one of the same sender which
 * had been acknowledged before they were sent. Those that were under way together may stand in any
 * order. `clockMs`: times are known to so much.
 */
export function disorderedIn(messages: readonly OrderedMessage[], clockMs = 0): number[] {
  const chats = Map.groupBy(messages, ({ sender, recipient }) => `${sender} ${recipient}`);
  const wrong: number[] = [];
  for (const chat of chats.values()) {
    const done = chat
      .filter(({ ackedMs, deliveredId }) => ackedMs !== undefined && deliveredId !== undefined)
      .sort((one, other) => (one.ackedMs ?? 0) - (other.ackedMs ?? 0));
    const sent = done.toSorted((one, other) => (one.sentMs ?? 0) - (other.sentMs ?? 0));
    let newest = 0;
    let next = 0;
    for (const { id, sentMs = 0, deliveredId = 0 } of sent) {
      for (; next < done.length; next++) {
        const before = done[next];
        if (!before || (before.ackedMs ?? 0) + clockMs >= sentMs) break;
        newest = Math.max(newest, before.deliveredId ?? 0);
      }
      if (deliveredId < newest) wrong.push(id);
    }
  }
  return wrong;
}
