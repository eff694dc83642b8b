/** Requests to gateways over connections that are kept: one pool for all users of a thread. */
import { Agent, request as httpRequest } from 'node:http';

export interface GatewayRequest {
  readonly method: 'GET' | 'POST';
  /** "http://host:port/path". */
  readonly url: string;
  readonly token?: string;
  readonly body?: unknown;
  readonly timeoutMs: number;
}

export interface GatewayAnswer {
  readonly status: number;
  /** Undefined where the answer is no JSON. */
  readonly body: unknown;
  /** When to come back, where it says. */
  readonly retryAfterMs: number | undefined;
}

const ANSWER_BYTES_MAX = 16 << 20;
const agent = new Agent({ keepAlive: true, scheduling: 'lifo' });

/** Rejects where nobody answers, within `timeoutMs`. */
export function ask({
  method,
  url,
  token,
  body,
  timeoutMs,
}: GatewayRequest): Promise<GatewayAnswer> {
  return new Promise((resolve, reject) => {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const headers = {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(text === undefined
        ? {}
        : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
    };
    const request = httpRequest(url, { method, headers, agent }, (response) => {
      const parts: Buffer[] = [];
      let bytes = 0;
      response.on('data', (part: Buffer) => {
        bytes += part.length;
        if (bytes > ANSWER_BYTES_MAX) request.destroy(new Error('the answer is too long'));
        else parts.push(part);
      });
      response.on('error', reject);
      response.on('end', () => {
        clearTimeout(timer);
        const after = Number(response.headers['retry-after']);
        resolve({
          status: response.statusCode ?? 0,
          body: parsed(Buffer.concat(parts).toString('utf8')),
          retryAfterMs: Number.isFinite(after) && after >= 0 ? after * 1_000 : undefined,
        });
      });
    });
    const late = new Error(`no answer within ${timeoutMs} ms`);
    const timer = setTimeout(() => request.destroy(late), timeoutMs);
    request.on('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    request.end(text);
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
