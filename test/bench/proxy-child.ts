/**
 * A process of its own for the proxy benchmark, so that its CPU time is the proxy's alone:
 * `proxy-child.ts embedded|pipe UPSTREAM` forwards to "host:port" and prints where it listens.
 */
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { startToxiproxy } from '../../chaos/toxiproxy/server.ts';

const [, , mode, upstream = ''] = process.argv;

if (mode === 'embedded') {
  const toxiproxy = await startToxiproxy({ port: 0, seed: 'bench' });
  const response = await fetch(`${toxiproxy.url}/proxies`, {
    method: 'POST',
    body: JSON.stringify({ name: 'bench', listen: '127.0.0.1:0', upstream }),
  });
  console.log(((await response.json()) as { listen: string }).listen);
} else {
  // What Node itself costs: the least that any proxy written in it can do.
  const port = Number(upstream.split(':')[1]);
  const server = createServer({ noDelay: true }, (client) => {
    const target = connect({ host: '127.0.0.1', port, noDelay: true });
    for (const [from, to] of [
      [client, target],
      [target, client],
    ] as const) {
      from.on('error', () => to.destroy());
      from.pipe(to);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const bound = server.address();
  console.log(`127.0.0.1:${typeof bound === 'object' ? bound?.port : ''}`);
}
