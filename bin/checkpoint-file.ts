/** `--checkpoint FILE`: shared with the library. */
export { type CheckpointFile, checkpointFile } from '../scenarios/library-api/checkpoint-file.ts';
