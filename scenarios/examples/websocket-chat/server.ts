/**
 * A chat server to load, as small as one can be: people say hello with their number, and what they
 * write is handed to whom they name. It keeps nothing.
 *
 *     node server.ts 9000
 */
import { type WebSocket, WebSocketServer } from 'ws';

/** What a client sends first, and then for each message. */
type FromClient =
  | { readonly hello: number }
  | { readonly n: number; readonly to: number; readonly text: string };

/** Listens on the loopback interface; port 0 takes a free one. */
export async function startChatServer(
  port: number,
): Promise<{ readonly port: number; close(): Promise<void> }> {
  const server = new WebSocketServer({ host: '127.0.0.1', port });
  await new Promise((resolve, reject) => {
    server.once('listening', resolve);
    server.once('error', reject);
  });
  const online = new Map<number, WebSocket>();
  server.on('connection', (socket) => {
    let self: number | undefined;
    socket.on('error', () => socket.terminate());
    socket.on('message', (data) => {
      const said = JSON.parse(String(data)) as FromClient;
      if ('hello' in said) {
        self = said.hello;
        online.set(self, socket);
        socket.send('{"welcome":true}');
        return;
      }
      online.get(said.to)?.send(JSON.stringify({ from: self, text: said.text }));
      socket.send(`{"ok":${said.n}}`);
    });
    socket.on('close', () => {
      if (self !== undefined && online.get(self) === socket) online.delete(self);
    });
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a server has a port');
  return {
    port: address.port,
    close: () =>
      new Promise((resolve) => {
        for (const socket of server.clients) socket.terminate();
        server.close(() => resolve());
      }),
  };
}

if (import.meta.main) {
  const { port } = await startChatServer(Number(process.argv[2] ?? 9000));
  console.log(`ws://127.0.0.1:${port}`);
}
