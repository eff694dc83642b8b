/** A bare relay between two clients, in a process of its own: a limit for any chat server. */
import { createServer, type Socket } from 'node:net';

const sockets: Socket[] = [];
const server = createServer({ noDelay: true }, (socket) => {
  const mine = sockets.push(socket) - 1;
  // Clients come in pairs: 0 and 1, 2 and 3, ...
  socket.on('data', (bytes) => sockets[mine ^ 1]?.write(bytes));
  socket.on('error', () => {});
});
server.listen(0, '127.0.0.1', () => {
  process.send?.({ port: (server.address() as { port: number }).port });
});
process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send?.({ cpuMicros: user + system });
});
process.on('disconnect', () => process.exit(0));
