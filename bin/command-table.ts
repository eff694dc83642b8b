/** Every command by its name, and where its part of the command line is written down. */
import type { Command } from 'commander';
import type { ExitCode } from './exit-codes.ts';

export type AddCommand = (program: Command, finish: (code: ExitCode) => void) => void;

/** In the order of the help. Loaded when they are named: some bring heavy machinery. */
export const COMMANDS: Readonly<Record<string, () => Promise<AddCommand>>> = {
  run: async () => (await import('./commands/run.ts')).addRun,
  calibrate: async () => (await import('./commands/calibrate.ts')).addCalibrate,
  twin: async () => (await import('./commands/twin.ts')).addTwin,
  drill: async () => (await import('./commands/drill.ts')).addDrill,
  compare: async () => (await import('./commands/compare.ts')).addCompare,
  report: async () => (await import('./commands/report.ts')).addReport,
  plan: async () => (await import('./commands/plan.ts')).addPlan,
  list: async () => (await import('./commands/list.ts')).addList,
  explain: async () => (await import('./commands/explain.ts')).addExplain,
  new: async () => (await import('./commands/new.ts')).addNew,
  k6: async () => (await import('./commands/k6.ts')).addK6,
  serve: async () => (await import('./commands/serve.ts')).addServe,
  backup: async () => (await import('./commands/backup.ts')).addBackup,
  restore: async () => (await import('./commands/restore.ts')).addRestore,
  move: async () => (await import('./commands/move.ts')).addMove,
  fuzz: async () => (await import('./commands/fuzz.ts')).addFuzz,
  doctor: async () => (await import('./commands/doctor.ts')).addDoctor,
  toxiproxy: async () => (await import('./commands/toxiproxy.ts')).addToxiproxy,
  config: async () => (await import('./commands/config.ts')).addConfig,
  completion: async () => (await import('./commands/completion.ts')).addCompletion,
};

/** Commands that are about all the others. */
export const NEEDS_ALL: readonly string[] = ['completion', 'config'];
