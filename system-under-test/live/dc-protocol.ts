/** What the process of one datacentre and the process that started it say to each other. */
import type { DatacenterStatus } from '../datacenter/datacenter.ts';
import type { LogLevel } from '../environment/index.ts';
import type { DcAddress } from '../services/help.ts';
import type { Topology } from '../topology.ts';
import type { BackupProgress, BackupSummary } from './backup.ts';
import type { HomeAnswer, HomeQuestion } from './home-move.ts';
import type { MachineTrouble, TroubleEffects } from './machine-trouble.ts';
import type { StartState } from './start-report.ts';
import type { StationMark } from './station-trace.ts';

/** "host:port" of everything that a DC listens on; without a gateway it has none. */
export interface DcListen {
  readonly clients: string;
  readonly backbone: string;
  readonly gateway?: string;
}

export interface DcProcessConfig {
  readonly dc: number;
  readonly topology: Topology;
  readonly dataFolder: string;
  readonly rsaPrivateKeyPem: string;
  readonly secretHex: string;
  readonly listen: DcListen;
  readonly peers: readonly (readonly [dc: number, address: string])[];
  readonly addresses: readonly DcAddress[];
  readonly testPhones: boolean;
  /** All datacentres start for the first time: none has anything that another could have lost. */
  readonly newCluster: boolean;
  readonly logLevel: LogLevel;
  /** Tell which message passed which station when. */
  readonly trace: boolean;
  /** What is wrong with its machine from the start. */
  readonly trouble: MachineTrouble;
}

export type ToDc =
  | { readonly kind: 'start'; readonly config: DcProcessConfig }
  | { readonly kind: 'status'; readonly id: number }
  /** Write a backup to `temporary`, then rename it to `file`. One at a time. */
  | {
      readonly kind: 'backup';
      readonly id: number;
      readonly file: string;
      readonly temporary: string;
    }
  | { readonly kind: 'cancel-backup'; readonly id: number }
  | { readonly kind: 'home'; readonly id: number; readonly question: HomeQuestion }
  /** From now on this is what is wrong with its machine. */
  | { readonly kind: 'trouble'; readonly trouble: MachineTrouble }
  | { readonly kind: 'stop' };

export type FromDc =
  | { readonly kind: 'ready'; readonly clients: string; readonly backbone: string }
  | { readonly kind: 'failed'; readonly why: string }
  /** Before it is ready: it is alive, and has come so far. Only while something moves. */
  | { readonly kind: 'starting'; readonly state: StartState }
  | { readonly kind: 'status'; readonly id: number; readonly status: LiveStatus | undefined }
  | { readonly kind: 'backup-progress'; readonly id: number; readonly progress: BackupProgress }
  | { readonly kind: 'backup-done'; readonly id: number; readonly summary: BackupSummary }
  | { readonly kind: 'backup-failed'; readonly id: number; readonly why: string }
  | { readonly kind: 'home'; readonly id: number; readonly answer: HomeAnswer }
  | { readonly kind: 'code'; readonly phone: string; readonly code: string }
  | { readonly kind: 'trace'; readonly marks: readonly StationMark[] };

/** A datacentre's view of itself, and what its process costs. */
export interface LiveStatus extends DatacenterStatus {
  /** CPU time of the process since its start, microseconds. */
  readonly cpuMicros: number;
  readonly rssBytes: number;
  /** How late its event loop ran, 99th percentile since its start, ms. */
  readonly loopDelayP99Ms: number;
  /** How often the troubles of its machine made a difference since the process began. */
  readonly troubleEffects: TroubleEffects;
}
