/**
 * The ways between the nodes of the virtual network: how slow each directed link is, and whether it
 * works. What breaks a link is a rule; several may hold at once, and the first that gives a verdict
 * on a link decides. Streams (virtual-stream.ts) are told when a verdict changes.
 */

/**
 * up: bytes arrive. cut: they vanish in silence, as behind a dead router. refused: whoever tries is
 * told at once, as by a firewall that answers with resets.
 */
export type LinkState = 'up' | 'cut' | 'refused';

/** One directed link as it is when nothing is wrong. */
export interface LinkCharacter {
  /** One way. */
  readonly latencyMs: number;
  /** Added to each chunk, drawn evenly from 0 to this; chunks of one stream never overtake. */
  readonly jitterMs?: number;
  /** Shared by all streams on the link; unlimited when absent. */
  readonly bytesPerSecond?: number;
}

/** A fault on links. Asked once a link and change of rules, not once a chunk: must be pure. */
export interface LinkRule {
  readonly name: string;
  /** Undefined leaves the verdict to the rules after this one. */
  state?(from: string, to: string): LinkState | undefined;
  /** Extra one-way latency; the extras of all rules add up. */
  addedMs?(from: string, to: string): number;
}

/** One directed link in use. */
export interface Link {
  readonly from: string;
  readonly to: string;
  /** "from→to", for traces. */
  readonly label: string;
  readonly character: LinkCharacter;
  state: LinkState;
  addedMs: number;
  /** With a bandwidth: until when the link is busy with bytes already sent, virtual ms. */
  busyUntilMs: number;
  bytes: number;
  chunks: number;
  drops: number;
}

export interface LinkView {
  readonly from: string;
  readonly to: string;
  readonly state: LinkState;
  /** Delivered, and chunks that a cut swallowed (a stream sends them again later). */
  readonly bytes: number;
  readonly chunks: number;
  readonly drops: number;
}

export class LinkTable {
  readonly #links = new Map<string, Link>();
  readonly #rules = new Set<LinkRule>();
  readonly #characterOf: (from: string, to: string) => LinkCharacter;
  readonly #onChange: () => void;

  constructor(characterOf: (from: string, to: string) => LinkCharacter, onChange: () => void) {
    this.#characterOf = characterOf;
    this.#onChange = onChange;
  }

  get(from: string, to: string): Link {
    const key = `${from}\0${to}`;
    let link = this.#links.get(key);
    if (!link) {
      const character = this.#characterOf(from, to);
      assertCharacter(character, from, to);
      link = {
        from,
        to,
        label: `${from}→${to}`,
        character,
        state: 'up',
        addedMs: 0,
        busyUntilMs: 0,
        bytes: 0,
        chunks: 0,
        drops: 0,
      };
      this.#judge(link);
      this.#links.set(key, link);
    }
    return link;
  }

  /** The rule holds until the function returned is called (once; later calls do nothing). */
  addRule(rule: LinkRule): () => void {
    // A copy, so that the same rule given twice holds until both have been lifted.
    const held: LinkRule = {
      name: rule.name,
      ...(rule.state && { state: rule.state.bind(rule) }),
      ...(rule.addedMs && { addedMs: rule.addedMs.bind(rule) }),
    };
    this.#rules.add(held);
    this.#judgeAll();
    return () => {
      if (this.#rules.delete(held)) this.#judgeAll();
    };
  }

  view(): LinkView[] {
    return [...this.#links.values()].map(({ from, to, state, bytes, chunks, drops }) => ({
      from,
      to,
      state,
      bytes,
      chunks,
      drops,
    }));
  }

  #judgeAll(): void {
    for (const link of this.#links.values()) this.#judge(link);
    this.#onChange();
  }

  #judge(link: Link): void {
    link.state = 'up';
    link.addedMs = 0;
    let decided = false;
    for (const rule of this.#rules) {
      const verdict = decided ? undefined : rule.state?.(link.from, link.to);
      if (verdict !== undefined) {
        link.state = verdict;
        decided = true;
      }
      link.addedMs += rule.addedMs?.(link.from, link.to) ?? 0;
    }
  }
}

function assertCharacter(character: LinkCharacter, from: string, to: string): void {
  const { latencyMs, jitterMs = 0, bytesPerSecond = 1 } = character;
  if (!(latencyMs >= 0 && jitterMs >= 0 && bytesPerSecond > 0)) {
    throw new RangeError(`link ${from}→${to}: ${JSON.stringify(character)} is not right`);
  }
}
