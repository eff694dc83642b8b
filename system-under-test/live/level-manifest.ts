/**
 * Reads which files a LevelDB consists of: CURRENT names the manifest, a log of changes to the list
 * of tables (LevelDB, db/version_edit.cc). LevelDB takes a manifest that ends too early for an
 * older state, and then deletes the tables that it does not know: acknowledged data, silently.
 */
import { ByteReader, FormatError } from './level-format.ts';
import { readLog } from './write-ahead-log-check.ts';

export interface Manifest {
  /** Write-ahead logs from this number on hold what no table has yet. 0: none was ever opened. */
  readonly logNumber: number;
  /** What was given out when the manifest was last written to. */
  readonly lastSequence: number;
  /** Number to size in bytes. */
  readonly tables: ReadonlyMap<number, number>;
}

/** The kinds of fields of a change, as numbered in LevelDB. */
const FIELD = {
  comparator: 1,
  logNumber: 2,
  nextFile: 3,
  lastSequence: 4,
  compactPointer: 5,
  deletedFile: 6,
  newFile: 7,
  previousLogNumber: 9,
};

/** Throws `FormatError` where the manifest is damaged. */
export function parseManifest(bytes: Uint8Array): Manifest {
  const { damagedAt, payloads } = readLog(bytes);
  if (damagedAt !== undefined) throw new FormatError(`damage at byte ${damagedAt}`);
  if (payloads.length === 0) throw new FormatError('it is empty');
  const manifest = { logNumber: 0, lastSequence: 0, tables: new Map<number, number>() };
  for (const payload of payloads) apply(manifest, new ByteReader(payload));
  return manifest;
}

function apply(
  manifest: { logNumber: number; lastSequence: number; tables: Map<number, number> },
  change: ByteReader,
): void {
  while (change.left > 0) {
    const field = change.varint();
    switch (field) {
      case FIELD.comparator:
        change.take(change.varint());
        break;
      case FIELD.logNumber:
        manifest.logNumber = change.varint();
        break;
      case FIELD.lastSequence:
        manifest.lastSequence = change.varint();
        break;
      case FIELD.nextFile:
      case FIELD.previousLogNumber:
        change.varint();
        break;
      case FIELD.compactPointer:
        change.varint(); // level
        change.take(change.varint());
        break;
      case FIELD.deletedFile:
        change.varint(); // level
        manifest.tables.delete(change.varint());
        break;
      case FIELD.newFile: {
        change.varint(); // level
        const number = change.varint();
        manifest.tables.set(number, change.varint());
        change.take(change.varint()); // smallest key
        change.take(change.varint()); // largest key
        break;
      }
      default:
        throw new FormatError(`a change has the unknown field ${field}`);
    }
  }
}
