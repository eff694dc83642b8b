/**
 * The five datacentres as processes of this machine: starts them, asks how they are, kills and
 * restarts them, and leaves nothing behind.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { createWriteStream, type WriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { Clock, LogLevel, Timer } from '../environment/index.ts';
import { RsaKey } from '../mtproto/rsa.ts';
import type { DcAddress } from '../services/help.ts';
import { dcIds, type Topology } from '../topology.ts';
import type { BackupProgress, BackupSummary } from './backup.ts';
import { type ClusterFiles, dcFolder, openClusterFiles } from './cluster-files.ts';
import { type ControlReply, type ControlRequest, serveControl } from './control-socket.ts';
import type { DcListen, DcProcessConfig, FromDc, LiveStatus, ToDc } from './dc-protocol.ts';
import { type HomeAnswer, type HomeQuestion, type MoveSummary, moveHomeOf } from './home-move.ts';
import { type MachineTrouble, NO_TROUBLE } from './machine-trouble.ts';
import { createNodeClock } from './node-clock.ts';
import { type StartState, startText } from './start-report.ts';
import type { StationMark } from './station-trace.ts';

export interface LiveClusterOptions {
  readonly topology: Topology;
  readonly dataFolder: string;
  /** Where each DC listens to clients and to other DCs. */
  readonly listen: ReadonlyMap<number, DcListen>;
  /** How DC `from` dials DC `to`: straight, or through a proxy. */
  readonly dialAddress: (from: number, to: number) => string;
  /** Where clients find the DCs: straight, or through a proxy. */
  readonly clientAddresses: readonly DcAddress[];
  readonly testPhones: boolean;
  readonly logLevel?: LogLevel;
  /** Measures how long a starting datacentre has been silent; default: that of the machine. */
  readonly clock?: Clock;
  /** Aborted: the start of the cluster is given up. */
  readonly signal?: AbortSignal;
  /** A datacentre has long to do before it serves: how far it is, about every second. */
  readonly onStarting?: (dc: number, state: StartState) => void;
  readonly onCode?: (phone: string, code: string) => void;
  /** Which message passed which station when; datacentres note it only where this is given. */
  readonly onTrace?: (dc: number, marks: readonly StationMark[]) => void;
  /** A datacentre ended without being told to. */
  readonly onUnexpectedExit?: (dc: number, why: string) => void;
}

interface Running {
  readonly child: ChildProcess;
  readonly exited: Promise<void>;
  expected: boolean;
  /** Who waits for a status, by the number of the question. */
  readonly asked: Map<number, (status: LiveStatus | undefined) => void>;
  /** Backups under way, by the number of the request. */
  readonly backups: Map<number, BackupWaiter>;
  /** Who waits for an answer about somebody's home, by the number of the question. */
  readonly homes: Map<number, (answer: HomeAnswer) => void>;
}

interface BackupWaiter {
  readonly progress: (progress: BackupProgress) => void;
  readonly done: (summary: BackupSummary) => void;
  readonly failed: (error: Error) => void;
}

export interface BackupOptions {
  /** Absolute paths in the same folder: the name in the end, and the one until it is whole. */
  readonly file: string;
  readonly temporary: string;
  readonly onProgress?: (progress: BackupProgress) => void;
  /** Aborted: the backup is given up and leaves no file. */
  readonly signal?: AbortSignal;
}

/** A datacentre of which nothing has been heard for so long, and nothing new, does not start. */
const READY_MS = 20_000;
/** After one datacentre has failed: how long the others have to fail too, or to be ready. */
const OTHERS_MS = 5_000;
const STOP_MS = 5_000;
const STATUS_MS = 5_000;
/** A DC may wait some seconds for writes that are under way before it moves a home. */
const HOME_MS = 30_000;

/** Whether a move that was asked for has come about is not known then: asking again tells. */
const HAS_ENDED: HomeAnswer = { kind: 'refused', why: 'it has ended; ask again' };
const SILENT: HomeAnswer = {
  kind: 'refused',
  why: `no answer in ${HOME_MS / 1000} s; the move may still come about, ask again`,
};

export class LiveCluster {
  readonly #o: LiveClusterOptions;
  readonly #files: ClusterFiles;
  readonly #clock: Clock;
  readonly #running = new Map<number, Running>();
  readonly #logs = new Map<number, WriteStream>();
  /** What is wrong with the machine of each, where anything is. */
  readonly #troubles = new Map<number, MachineTrouble>();
  /** Those whose processes stand still. */
  readonly #paused = new Set<number>();
  /** How often it was stopped, or given up: what was to start before that must not begin then. */
  #stops = 0;
  #stopping = false;
  #nextId = 1;
  #control: { close(): Promise<void> } | undefined;

  /**
   * Resolves when all datacentres serve. On failure none is left running, and the `AggregateError`
   * holds what each of those says that could not start. Rejects with the signal's reason when that
   * is aborted before.
   */
  static async start(options: LiveClusterOptions): Promise<LiveCluster> {
    options.signal?.throwIfAborted();
    const files = await openClusterFiles(options.dataFolder);
    const cluster = new LiveCluster(options, files);
    const errors = await cluster.#startAll(files.isNew);
    if (options.signal?.aborted) {
      await cluster.stop();
      throw options.signal.reason;
    }
    if (errors.length > 0) {
      await cluster.stop();
      throw new AggregateError(errors, errors.map(({ message }) => message).join('\n'));
    }
    try {
      cluster.#control = await serveControl(options.dataFolder, (...asked) =>
        cluster.#answer(...asked),
      );
    } catch (error) {
      await cluster.stop();
      throw error;
    }
    return cluster;
  }

  private constructor(options: LiveClusterOptions, files: ClusterFiles) {
    this.#o = options;
    this.#files = files;
    this.#clock = options.clock ?? createNodeClock();
  }

  /** PKCS#1, as client libraries want it. */
  get rsaPublicKeyPem(): string {
    return new RsaKey(this.#files.rsaPrivateKeyPem).publicPem;
  }

  get pids(): number[] {
    return [...this.#running.values()].flatMap(({ child }) => child.pid ?? []);
  }

  pidOf(dc: number): number | undefined {
    return this.#running.get(dc)?.child.pid;
  }

  isRunning(dc: number): boolean {
    return this.#running.has(dc);
  }

  /**
   * What each of those says that cannot start. One that only waits for those (a datacentre without
   * a disk of its own asks the others) is given up soon after the first of them.
   */
  async #startAll(newCluster: boolean): Promise<Error[]> {
    const errors = new Map<number, Error>();
    let givenUp = false;
    const pending = new Set(dcIds(this.#o.topology));
    const ended = Promise.withResolvers<void>();
    for (const dc of pending) {
      this.#start(dc, newCluster)
        .catch((error: Error) => {
          if (givenUp) return;
          errors.set(dc, error);
          if (errors.size === 1) setTimeout(ended.resolve, OTHERS_MS).unref();
        })
        .finally(() => {
          pending.delete(dc);
          if (pending.size === 0) ended.resolve();
        });
    }
    const { signal } = this.#o;
    const abort = (): void => ended.resolve();
    signal?.addEventListener('abort', abort, { once: true });
    if (!signal?.aborted) await ended.promise;
    signal?.removeEventListener('abort', abort);
    givenUp = true;
    if (pending.size > 0) this.#stops++;
    await Promise.all([...pending].map((dc) => this.kill(dc)));
    return [...errors].sort(([a], [b]) => a - b).map(([, error]) => error);
  }

  /** Starts one datacentre on its disk; rejects with its own words when it cannot. */
  startDc(dc: number): Promise<void> {
    return this.#start(dc, false);
  }

  async #start(dc: number, newCluster: boolean): Promise<void> {
    if (this.#running.has(dc)) throw new Error(`DC ${dc} is already running`);
    const listen = this.#o.listen.get(dc);
    if (!listen) throw new Error(`no address for DC ${dc}`);
    const folder = dcFolder(this.#files.folder, dc);
    const stops = this.#stops;
    await mkdir(folder, { recursive: true });
    if (this.#stopping || this.#stops !== stops) {
      throw new Error(`DC ${dc} does not start: the cluster is being stopped`);
    }
    const child = fork(new URL(`./dc-process${EXTENSION}`, import.meta.url), {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      execArgv: [],
    });
    child.stderr?.pipe(this.#logOf(dc, folder), { end: false });
    const running: Running = {
      child,
      expected: false,
      asked: new Map(),
      backups: new Map(),
      homes: new Map(),
      exited: new Promise((resolve) => child.once('exit', () => resolve())),
    };
    this.#running.set(dc, running);
    child.once('exit', (code, signal) => {
      if (this.#running.get(dc) === running) {
        this.#running.delete(dc);
        this.#paused.delete(dc);
      }
      for (const answered of running.asked.values()) answered(undefined);
      for (const { failed } of running.backups.values()) failed(new Error(`DC ${dc} has ended`));
      for (const answered of running.homes.values()) answered(HAS_ENDED);
      if (!running.expected) {
        this.#o.onUnexpectedExit?.(dc, `DC ${dc} ended by itself (${signal ?? `exit ${code}`})`);
      }
    });
    const config: DcProcessConfig = {
      dc,
      topology: this.#o.topology,
      dataFolder: folder,
      rsaPrivateKeyPem: this.#files.rsaPrivateKeyPem,
      secretHex: Buffer.from(this.#files.secret).toString('hex'),
      listen,
      peers: dcIds(this.#o.topology)
        .filter((other) => other !== dc)
        .map((other) => [other, this.#o.dialAddress(dc, other)] as const),
      addresses: this.#o.clientAddresses,
      testPhones: this.#o.testPhones,
      newCluster,
      logLevel: this.#o.logLevel ?? 'info',
      trace: this.#o.onTrace !== undefined,
      trouble: this.#troubles.get(dc) ?? NO_TROUBLE,
    };
    await this.#ready(dc, running, config);
  }

  #ready(dc: number, running: Running, config: DcProcessConfig): Promise<void> {
    const { child } = running;
    return new Promise((resolve, reject) => {
      let timer: Timer | undefined;
      const fail = (why: string): void => {
        timer?.cancel();
        running.expected = true;
        child.kill('SIGKILL');
        reject(new Error(`DC ${dc} could not start: ${why}`));
      };
      const wait = (why: string): void => {
        timer?.cancel();
        timer = this.#clock.after(READY_MS, () => fail(why));
      };
      wait(`no answer in ${READY_MS / 1000} s`);
      child.on('message', (message: FromDc) => {
        if (message.kind === 'ready') {
          timer?.cancel();
          resolve();
        } else if (message.kind === 'starting') {
          wait(`nothing new in ${READY_MS / 1000} s (${startText(dc, message.state)})`);
          this.#o.onStarting?.(dc, message.state);
        } else if (message.kind === 'failed') fail(message.why);
        else if (message.kind === 'code') this.#o.onCode?.(message.phone, message.code);
        else if (message.kind === 'trace') this.#o.onTrace?.(dc, message.marks);
        else if (message.kind === 'status') {
          running.asked.get(message.id)?.(message.status);
        } else if (message.kind === 'home') {
          running.homes.get(message.id)?.(message.answer);
        } else if (message.kind === 'backup-progress') {
          running.backups.get(message.id)?.progress(message.progress);
        } else if (message.kind === 'backup-done') {
          running.backups.get(message.id)?.done(message.summary);
        } else if (message.kind === 'backup-failed') {
          running.backups.get(message.id)?.failed(new Error(`DC ${dc}: ${message.why}`));
        }
      });
      child.once('exit', () => fail('its process ended'));
      this.#tell(child, { kind: 'start', config });
    });
  }

  /** kill -9: no goodbye, no flush. Resolves when the process is gone. */
  async kill(dc: number): Promise<void> {
    const running = this.#running.get(dc);
    if (!running) return;
    running.expected = true;
    running.child.kill('SIGKILL');
    await running.exited;
  }

  /** SIGSTOP: its sockets stay open, and nothing answers. Nothing where it is down. */
  pause(dc: number): void {
    if (this.#running.get(dc)?.child.kill('SIGSTOP')) this.#paused.add(dc);
  }

  /** SIGCONT. */
  resume(dc: number): void {
    if (this.#paused.delete(dc)) this.#running.get(dc)?.child.kill('SIGCONT');
  }

  /** What is wrong with the machine of a datacentre from now on, also when it starts again. */
  trouble(dc: number, trouble: MachineTrouble): void {
    this.#troubles.set(dc, trouble);
    const running = this.#running.get(dc);
    if (running) this.#tell(running.child, { kind: 'trouble', trouble });
  }

  /** Undefined for a datacentre that is not serving, stands still, or does not answer in time. */
  status(dc: number): Promise<LiveStatus | undefined> {
    const running = this.#running.get(dc);
    if (!running || this.#paused.has(dc)) return Promise.resolve(undefined);
    const id = this.#nextId++;
    return new Promise((resolve) => {
      const answered = (status: LiveStatus | undefined): void => {
        clearTimeout(timer);
        running.asked.delete(id);
        resolve(status);
      };
      const timer = setTimeout(() => answered(undefined), STATUS_MS);
      running.asked.set(id, answered);
      this.#tell(running.child, { kind: 'status', id });
    });
  }

  /** Has a running datacentre write a consistent snapshot of its store to a file. */
  async backup(
    dc: number,
    { file, temporary, onProgress = () => {}, signal }: BackupOptions,
  ): Promise<BackupSummary> {
    const running = this.#running.get(dc);
    if (!running) throw new Error(`DC ${dc} is not running`);
    signal?.throwIfAborted();
    const id = this.#nextId++;
    const cancel = (): void => this.#tell(running.child, { kind: 'cancel-backup', id });
    signal?.addEventListener('abort', cancel, { once: true });
    try {
      return await new Promise<BackupSummary>((done, failed) => {
        running.backups.set(id, { progress: onProgress, done, failed });
        this.#tell(running.child, { kind: 'backup', id, file, temporary });
      });
    } finally {
      running.backups.delete(id);
      signal?.removeEventListener('abort', cancel);
    }
  }

  /** Makes another DC the home of a number's owner; rejects with what an operator must know. */
  moveHome(phone: string, to: number, signal?: AbortSignal): Promise<MoveSummary> {
    const options = {
      topology: this.#o.topology,
      clock: this.#clock,
      isRunning: (dc: number) => this.#running.has(dc),
      ask: (dc: number, question: HomeQuestion) => this.#askHome(dc, question),
      ...(signal ? { signal } : {}),
    };
    return moveHomeOf(options, phone, to);
  }

  async #askHome(dc: number, question: HomeQuestion): Promise<HomeAnswer> {
    const running = this.#running.get(dc);
    if (!running) return HAS_ENDED;
    const id = this.#nextId++;
    const { promise, resolve } = Promise.withResolvers<HomeAnswer>();
    const timer = this.#clock.after(HOME_MS, () => resolve(SILENT));
    running.homes.set(id, resolve);
    this.#tell(running.child, { kind: 'home', id, question });
    const answer = await promise;
    timer.cancel();
    running.homes.delete(id);
    return answer;
  }

  /** What other processes ask for through the control socket. */
  async #answer(
    request: ControlRequest,
    onProgress: (progress: BackupProgress) => void,
    signal: AbortSignal,
  ): Promise<ControlReply> {
    if (request.ask === 'running') {
      return { kind: 'running', dcs: [...this.#running.keys()].sort((a, b) => a - b) };
    }
    if (request.ask === 'move') {
      const { phone, to } = request;
      return { kind: 'move', summary: await this.moveHome(phone, to, signal) };
    }
    const { dc, file, temporary } = request;
    if (!this.#running.has(dc)) return { kind: 'not-running' };
    return {
      kind: 'backup',
      summary: await this.backup(dc, { file, temporary, onProgress, signal }),
    };
  }

  /** Stops every datacentre in order; what does not stop in time is killed. */
  async stop(): Promise<void> {
    this.#stops++;
    this.#stopping = true;
    try {
      await this.#control?.close();
      this.#control = undefined;
      await Promise.all([...this.#running.values()].map((running) => this.#end(running)));
    } finally {
      this.#stopping = false;
    }
    for (const log of this.#logs.values()) log.end();
    this.#logs.clear();
  }

  async #end(running: Running): Promise<void> {
    const { child, exited } = running;
    running.expected = true;
    if (child.pid !== undefined) child.kill('SIGCONT');
    this.#tell(child, { kind: 'stop' });
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    await exited;
    clearTimeout(timer);
  }

  #tell(child: ChildProcess, message: ToDc): void {
    // The callback takes the error of a process that has just died; its exit is handled elsewhere.
    if (child.connected) child.send(message, () => {});
  }

  #logOf(dc: number, folder: string): WriteStream {
    let log = this.#logs.get(dc);
    if (!log) {
      log = createWriteStream(join(folder, 'log.jsonl'), { flags: 'a', mode: 0o600 });
      this.#logs.set(dc, log);
    }
    return log;
  }
}

/** The source runs as .ts, the published package as .js. */
const EXTENSION = import.meta.url.endsWith('.ts') ? '.ts' : '.js';

/** Ports of the loopback interface that nothing uses at the moment. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<ReturnType<typeof createServer>>((resolve, reject) => {
          const server = createServer();
          server.once('error', reject);
          server.listen(0, '127.0.0.1', () => resolve(server));
        }),
    ),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
