/**
 * The process of link-meter.ts: hands on what comes on each of its ports, and counts the bytes in
 * both directions. Told over IPC: a list of addresses to open, or anything else to read the counts.
 */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import process from 'node:process';

export interface MeteredBytes {
  /** From the side that dials. */
  readonly forth: number;
  readonly back: number;
}

let counts: { forth: number; back: number }[] = [];

async function open(upstream: string): Promise<number> {
  const count = { forth: 0, back: 0 };
  counts.push(count);
  const [host, port] = upstream.split(':');
  const server = createServer({ noDelay: true }, (dialler) => {
    const target = connect({ host: host!, port: Number(port), noDelay: true });
    const carry = (from: Socket, to: Socket, direction: keyof MeteredBytes): void => {
      from.on('data', (bytes) => {
        count[direction] += bytes.length;
        if (!to.write(bytes)) {
          from.pause();
          to.once('drain', () => from.resume());
        }
      });
      from.on('close', () => to.destroy());
      from.on('error', () => to.destroy());
    };
    carry(dialler, target, 'forth');
    carry(target, dialler, 'back');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as { port: number }).port;
}

process.on('message', (upstreams: readonly string[] | 'read') => {
  if (upstreams === 'read') {
    process.send?.(counts);
    return;
  }
  counts = [];
  void Promise.all(upstreams.map(open)).then((ports) => process.send?.(ports));
});
process.on('SIGINT', () => {}); // a Ctrl-C reaches the whole group: the parent decides
process.on('disconnect', () => process.exit(0));
