/**
 * What a benchmark has started and must not leave behind: processes, folders. Undone at its end,
 * and also when it is interrupted or its parent is gone (run.ts).
 */

type Undo = () => Promise<void>;

const undos: Undo[] = [];

/** Remembers how to undo something; the function that is returned undoes it now, once. */
export function later(undo: Undo): Undo {
  let done: Promise<void> | undefined;
  const once = (): Promise<void> => {
    const at = undos.indexOf(once);
    if (at >= 0) undos.splice(at, 1);
    done ??= undo();
    return done;
  };
  undos.push(once);
  return once;
}

/** Undoes everything, the newest first; one that fails does not keep the others from it. */
export async function cleanUp(): Promise<void> {
  for (let undo = undos.at(-1); undo; undo = undos.at(-1)) {
    await undo().catch((error: Error) => process.stderr.write(`${error.message}\n`));
  }
}
