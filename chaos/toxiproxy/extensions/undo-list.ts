/**
 * What a lease has to undo, without what cancels itself out, so that a link that flaps for hours
 * under one lease leaves no more to undo than one that went down once.
 */
import type { Undo } from './batch.ts';

/** `undos` with one more at its end, in the order of what was done. */
export function withUndo(undos: readonly Undo[], next: Undo): readonly Undo[] {
  switch (next.kind) {
    case 'enable':
    case 'disable':
      // The state before the lease is what counts, and the first of them has it.
      return undos.some((undo) => isSwitch(undo) && undo.proxy === next.proxy)
        ? undos
        : [...undos, next];
    case 'spare':
      return undos.some((undo) => undo.kind === 'spare' && undo.proxy === next.proxy)
        ? undos
        : [...undos, next];
    case 'remove_toxic':
      return [...undos, next];
    case 'put_toxic': {
      const { identity } = next.toxic;
      const isAdding = (undo: Undo) =>
        undo.kind === 'remove_toxic' && undo.toxic.identity === identity;
      const isChange = (undo: Undo) =>
        undo.kind === 'put_toxic' && undo.wasChanged && undo.toxic.identity === identity;
      if (next.wasChanged) {
        return undos.some((undo) => isAdding(undo) || isChange(undo)) ? undos : [...undos, next];
      }
      // Added under this lease and removed again: neither is left to undo.
      if (undos.some(isAdding)) return undos.filter((undo) => !isAdding(undo) && !isChange(undo));
      return [...undos, next];
    }
  }
}

const isSwitch = ({ kind }: Undo): boolean => kind === 'enable' || kind === 'disable';
