/**
 * A bare relay between clients, in a process of its own: a limit for any chat server. Without an
 * argument clients come in pairs, 0 and 1, 2 and 3, ...; with `fan-out` the first one's bytes go to
 * all others.
 */
import { createServer, type Socket } from 'node:net';

const fansOut = process.argv[2] === 'fan-out';
const sockets: Socket[] = [];
const server = createServer({ noDelay: true }, (socket) => {
  const mine = sockets.push(socket) - 1;
  socket.on('data', (bytes) => {
    if (!fansOut) sockets[mine ^ 1]?.write(bytes);
    else if (mine === 0) for (let to = 1; to < sockets.length; to++) sockets[to]!.write(bytes);
  });
  socket.on('error', () => {});
});
server.listen(0, '127.0.0.1', () => {
  process.send?.({ port: (server.address() as { port: number }).port });
});
process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send?.({ cpuMicros: user + system, clients: sockets.length });
});
process.on('SIGINT', () => {}); // a Ctrl-C reaches the whole group: the parent decides
process.on('disconnect', () => process.exit(0));
