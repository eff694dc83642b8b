/**
 * The process of one datacentre. Started with an IPC channel (live-cluster.ts); ends when it is
 * told to, when its parent is gone, or when its store fails.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import process from 'node:process';
import { Datacenter } from '../datacenter/datacenter.ts';
import { loadCrypto } from '../mtproto/crypto.ts';
import { RsaKey } from '../mtproto/rsa.ts';
import { RpcError } from '../schema/errors.ts';
import { BackupRunner, type BackupSource } from './backup-runner.ts';
import type { DcProcessConfig, FromDc, LiveStatus, ToDc } from './dc-protocol.ts';
import { type LiveEnvironment, openLiveEnvironment } from './environment.ts';
import type { GatewayServer } from './gateway-server.ts';
import type { HomeAnswer, HomeQuestion } from './home-move.ts';
import { TroubledMachine } from './machine-trouble.ts';
import { StartReport } from './start-report.ts';
import { stationTrace } from './station-trace.ts';

let datacenter: Datacenter | undefined;
let environment: LiveEnvironment | undefined;
let gateway: GatewayServer | undefined;
/** Set once the datacentre serves. */
let backupSource: BackupSource | undefined;
const backups = new BackupRunner(tell);
let ending = false;
const machine = new TroubledMachine();
const loopDelay = monitorEventLoopDelay({ resolution: 10 });
const starting = new StartReport(
  (state) => tell({ kind: 'starting', state }),
  () => performance.now(),
);

function tell(message: FromDc): void {
  if (process.connected) process.send?.(message);
}

async function start(config: DcProcessConfig): Promise<void> {
  machine.set(config.trouble);
  environment = await openLiveEnvironment({
    dataFolder: config.dataFolder,
    logLevel: config.logLevel,
    logStream: process.stderr,
    logFields: { dc: config.dc },
    onChecked: (bytes) => starting.checked(bytes),
  });
  const trace = config.trace ? stationTrace((marks) => tell({ kind: 'trace', marks })) : undefined;
  const troubled = {
    ...environment,
    clock: machine.clock(environment.clock),
    store: machine.store(environment.store),
  };
  datacenter = await Datacenter.start({
    dc: config.dc,
    topology: config.topology,
    environment: trace ? { ...troubled, trace } : troubled,
    crypto: await loadCrypto(),
    rsaKeys: [new RsaKey(config.rsaPrivateKeyPem)],
    secret: new Uint8Array(Buffer.from(config.secretHex, 'hex')),
    listen: config.listen,
    peers: new Map(config.peers),
    addresses: () => config.addresses,
    testPhones: config.testPhones,
    newCluster: config.newCluster,
    deliverCode: (phone, code) => tell({ kind: 'code', phone, code }),
    onRecovery: (state) => starting.moved(state),
    onFatal: () => process.exit(EXIT_STORE_FAILED),
  });
  if (config.listen.gateway !== undefined) {
    // Loaded when it is wanted: HTTP is half of what a process without it loads.
    const { startGateway } = await import('./gateway-server.ts');
    const { front } = datacenter;
    gateway = await startGateway({ listen: config.listen.gateway, front, log: environment.log });
  }
  starting.done();
  loopDelay.enable();
  backupSource = { dc: config.dc, topology: config.topology, store: environment.store };
  tell({ kind: 'ready', ...datacenter.addresses });
}

/** Undefined while the datacentre is still starting. */
function status(): LiveStatus | undefined {
  if (!datacenter) return undefined;
  const { user, system } = process.cpuUsage();
  const rssBytes = process.memoryUsage.rss();
  const loopDelayP99Ms = loopDelay.percentile(99) / 1e6;
  return {
    ...datacenter.status(),
    cpuMicros: user + system,
    rssBytes,
    loopDelayP99Ms,
    troubleEffects: machine.effects,
  };
}

/** Never rejects: what cannot be done is an answer, too. */
async function answer(question: HomeQuestion): Promise<HomeAnswer> {
  if (!datacenter) return { kind: 'refused', why: 'it is still starting' };
  try {
    if (question.ask === 'move') {
      await datacenter.moveHome(question.userId, question.to);
      return { kind: 'moved' };
    }
    const located = await datacenter.locate(question.phone);
    return { kind: 'located', ...(located ? { located } : {}) };
  } catch (error) {
    const why = error instanceof RpcError ? error.text : (error as Error).message;
    return { kind: 'refused', why };
  }
}

const EXIT_STORE_FAILED = 3;

async function end(code: number): Promise<void> {
  if (ending) return;
  ending = true;
  await backups.stop();
  await gateway?.close();
  await datacenter?.stop();
  await environment?.close();
  process.exit(code);
}

process.on('message', (message: ToDc) => {
  switch (message.kind) {
    case 'start':
      start(message.config).catch((error: Error) => {
        tell({ kind: 'failed', why: error.message });
        void end(1);
      });
      return;
    case 'status':
      tell({ kind: 'status', id: message.id, status: status() });
      return;
    case 'backup':
      backups.start(message, backupSource);
      return;
    case 'cancel-backup':
      backups.cancel(message.id);
      return;
    case 'home':
      void answer(message.question).then((found) =>
        tell({ kind: 'home', id: message.id, answer: found }),
      );
      return;
    case 'trouble':
      machine.set(message.trouble);
      return;
    case 'stop':
      void end(0);
  }
});
process.on('disconnect', () => void end(0));
// A Ctrl-C in a terminal reaches the whole group: the parent decides, and it tells us.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => void end(0));
