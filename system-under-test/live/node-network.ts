/**
 * Real TCP through node:net. Addresses are "host:port" or "port"; without a host it is the loopback
 * interface, so that nothing is reachable from outside unless somebody asks for it by name.
 */
import { createServer, connect as netConnect, type Socket } from 'node:net';
import type { Connection, Network } from '../environment/index.ts';
import { SocketConnection } from './socket-connection.ts';

const LOOPBACK = '127.0.0.1';
const PORT_MAX = 65_535;
/** Connections that may wait to be accepted: a whole DC's users reconnect at once. */
const BACKLOG = 4096;

export interface NodeNetwork extends Network {
  /** Closes every listener and destroys every connection made or accepted here. */
  close(): Promise<void>;
}

export function createNodeNetwork(): NodeNetwork {
  const sockets = new Set<Socket>();
  const closers = new Set<() => Promise<void>>();
  let closed = false;

  const adopt = (socket: Socket): Connection => {
    sockets.add(socket);
    return new SocketConnection(socket, () => sockets.delete(socket));
  };

  const listen: Network['listen'] = async (address, accept) => {
    if (closed) throw new Error(`cannot listen on ${address}: the network is closed`);
    const { host, port } = parseAddress(address);
    const server = createServer({ noDelay: true }, (socket) => accept(adopt(socket)));
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) => {
        reject(new Error(listenProblem(error, host, port), { cause: error }));
      });
      server.listen({ host, port, backlog: BACKLOG, exclusive: true }, resolve);
    });
    // A failing accept (no file descriptors left) costs that connection, not the process.
    server.removeAllListeners('error').on('error', () => {});
    const bound = server.address();
    const realPort = typeof bound === 'object' && bound ? bound.port : port;
    const close = (): Promise<void> => {
      closers.delete(close);
      // The callback waits for open connections, which stay; the port is free at once.
      server.close();
      return Promise.resolve();
    };
    closers.add(close);
    return { address: joinAddress(host, realPort), close };
  };

  const connect: Network['connect'] = async (address, timeoutMs) => {
    if (closed) throw new Error(`cannot connect to ${address}: the network is closed`);
    const { host, port } = parseAddress(address);
    if (!(timeoutMs > 0)) throw new RangeError(`timeoutMs: ${timeoutMs} must be above 0`);
    return new Promise((resolve, reject) => {
      const socket = netConnect({ host, port, noDelay: true });
      const timer = setTimeout(
        () => {
          fail(`${address} did not answer within ${timeoutMs} ms`);
        },
        Math.min(Math.ceil(timeoutMs), 2_147_483_647),
      );
      const fail = (message: string, cause?: unknown): void => {
        clearTimeout(timer);
        socket.destroy();
        reject(new Error(message, { cause }));
      };
      const onError = (error: NodeJS.ErrnoException): void => {
        fail(connectProblem(error, address), error);
      };
      sockets.add(socket);
      const onClose = (): void => {
        sockets.delete(socket);
        fail(`cannot connect to ${address}: the network is closed`);
      };
      socket.once('close', onClose);
      socket.on('error', onError);
      socket.once('connect', () => {
        clearTimeout(timer);
        const connection = adopt(socket);
        socket.off('error', onError);
        socket.off('close', onClose);
        resolve(connection);
      });
    });
  };

  return {
    listen,
    connect,
    async close() {
      closed = true;
      await Promise.all([...closers].map((close) => close()));
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** Splits "host:port", "[::1]:port" or "port". Throws an `Error` that names the address. */
export function parseAddress(address: string): { host: string; port: number } {
  const match = /^(?:(\[[0-9a-fA-F:.]+\]|[^:[\]\s]+):)?(\d{1,5})$/.exec(address);
  const port = Number(match?.[2]);
  if (!match || port > PORT_MAX) {
    throw new Error(`address '${address}' is not right; use host:port, such as ${LOOPBACK}:4431`);
  }
  return { host: (match[1] ?? LOOPBACK).replace(/^\[|\]$/g, ''), port };
}

const joinAddress = (host: string, port: number): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;

function listenProblem(error: NodeJS.ErrnoException, host: string, port: number): string {
  switch (error.code) {
    case 'EADDRINUSE':
      return `port ${port} on ${host} is in use`;
    case 'EACCES':
      return `port ${port} on ${host} needs rights that this user lacks; use one above 1023`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `host ${host} is not an address of this machine (port ${port})`;
    default:
      return `cannot listen on ${joinAddress(host, port)}: ${error.message}`;
  }
}

function connectProblem(error: NodeJS.ErrnoException, address: string): string {
  return error.code === 'ECONNREFUSED'
    ? `${address} refused the connection`
    : `cannot connect to ${address}: ${error.message}`;
}
