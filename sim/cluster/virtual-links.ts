/**
 * The ways between the nodes of the virtual network: how slow each directed link is, and whether it
 * works. What breaks a link is a rule; several may hold at once, and the first that gives a verdict
 * on a link decides. Streams (virtual-stream.ts) are told when a verdict changes. What happens to
 * single packets of a link that is up (loss, delay) is a fate, which a rule hands out by link.
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

/** A fault on links. `state` and `fate` are asked once a link and change of rules: must be pure. */
export interface LinkRule {
  readonly name: string;
  /** Undefined leaves the verdict to the rules after this one. */
  state?(from: string, to: string): LinkState | undefined;
  /** What befalls each packet of this link; the fates of all rules come together. */
  fate?(from: string, to: string): PacketFate | undefined;
  /** Something was swallowed on a link that this rule cuts, alone or with others. */
  onDrop?(): void;
}

/** Asked for every packet (a chunk of a stream, a step of a handshake): may draw and count. */
export interface PacketFate {
  /** This one is lost; what is part of a stream is then sent again, and asked about again. */
  isLost?(): boolean;
  /** Extra one-way latency of this one. */
  delayMs?(): number;
}

/** One directed link in use. */
export interface Link {
  readonly from: string;
  readonly to: string;
  /** "from→to", for traces. */
  readonly label: string;
  readonly character: LinkCharacter;
  state: LinkState;
  /** Undefined on a healthy link, so that it costs a chunk one comparison. */
  fates: readonly PacketFate[] | undefined;
  /** The rules that cut this link. */
  cutBy: readonly LinkRule[];
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
        fates: undefined,
        cutBy: [],
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
      ...(rule.fate && { fate: rule.fate.bind(rule) }),
      ...(rule.onDrop && { onDrop: rule.onDrop.bind(rule) }),
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
    let decided: LinkState | undefined;
    const cutBy: LinkRule[] = [];
    const fates: PacketFate[] = [];
    for (const rule of this.#rules) {
      const verdict = rule.state?.(link.from, link.to);
      decided ??= verdict;
      if (verdict === 'cut') cutBy.push(rule);
      const fate = rule.fate?.(link.from, link.to);
      if (fate) fates.push(fate);
    }
    link.state = decided ?? 'up';
    link.cutBy = cutBy;
    link.fates = fates.length > 0 ? fates : undefined;
  }
}

/** Something vanished on the link because it is cut. */
export function countDrop(link: Link): void {
  link.drops++;
  for (const rule of link.cutBy) rule.onDrop?.();
}

/** One packet more on this link: is it lost? */
export function losesPacket({ fates }: Link): boolean {
  let lost = false;
  // Every fate is asked, so that what one draws does not hang on the others.
  if (fates) for (const fate of fates) if (fate.isLost?.()) lost = true;
  return lost;
}

/** One packet more on this link: what the fates add to its latency. */
export function addedDelayMs({ fates }: Link): number {
  let sum = 0;
  if (fates) for (const fate of fates) sum += fate.delayMs?.() ?? 0;
  return sum;
}

function assertCharacter(character: LinkCharacter, from: string, to: string): void {
  const { latencyMs, jitterMs = 0, bytesPerSecond = 1 } = character;
  if (!(latencyMs >= 0 && jitterMs >= 0 && bytesPerSecond > 0)) {
    throw new RangeError(`link ${from}→${to}: ${JSON.stringify(character)} is not right`);
  }
}
