/** A folder for a run's own files, for the commands. */
export { withScratch } from '../scenarios/library-api/scratch.ts';
