/**
 * The HTTP half of toxiproxy-node-client with what that one lacks: every call ends within a time,
 * and an error says what was asked, of whom, and what the server answered, not only its status.
 */
import { HttpClient, type HttpResponse } from 'toxiproxy-node-client/dist/HttpClient.js';

/** Answers of the server are small; this is a guard against talking to something else. */
const ERROR_CHARACTERS_MAX = 300;

/** A call to a Toxiproxy API that failed. */
export class ToxiproxyCallError extends Error {
  /** Undefined where there was no answer. */
  readonly status: number | undefined;

  constructor(call: string, why: string, status?: number) {
    super(`toxiproxy: ${call}: ${why}`);
    this.name = 'ToxiproxyCallError';
    this.status = status;
  }
}

export class BoundedHttpClient extends HttpClient {
  readonly #timeoutMs: number;

  constructor(timeoutMs: number) {
    super();
    this.#timeoutMs = timeoutMs;
  }

  override async get<T>(url: string): Promise<HttpResponse<T>> {
    return { data: (await this.#call('GET', url)) as T };
  }

  override async post<T>(url: string, body?: unknown): Promise<HttpResponse<T>> {
    return { data: (await this.#call('POST', url, body)) as T };
  }

  override async delete(url: string): Promise<void> {
    await this.#call('DELETE', url);
  }

  override async getText(url: string): Promise<string> {
    return await this.#text('GET', url);
  }

  async #call(method: string, url: string, body?: unknown): Promise<unknown> {
    const text = await this.#text(method, url, body);
    if (text === '') return undefined;
    try {
      return JSON.parse(text);
    } catch {
      const shown = text.slice(0, ERROR_CHARACTERS_MAX);
      throw new ToxiproxyCallError(`${method} ${url}`, `the answer is not JSON: ${shown}`);
    }
  }

  async #text(method: string, url: string, body?: unknown): Promise<string> {
    const call = `${method} ${url}`;
    try {
      const response = await fetch(url, {
        method,
        signal: AbortSignal.timeout(this.#timeoutMs),
        ...(body === undefined
          ? {}
          : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
      });
      const text = await response.text();
      if (response.ok) return text;
      throw new ToxiproxyCallError(call, `${response.status} ${errorText(text)}`, response.status);
    } catch (error) {
      if (error instanceof ToxiproxyCallError) throw error;
      const late = (error as Error).name === 'TimeoutError';
      const cause = (error as Error).cause;
      const why = cause instanceof Error ? cause.message : (error as Error).message;
      throw new ToxiproxyCallError(call, late ? `no answer within ${this.#timeoutMs} ms` : why);
    }
  }
}

function errorText(text: string): string {
  try {
    const { error } = JSON.parse(text) as { error?: unknown };
    if (typeof error === 'string') return error;
  } catch {
    // not JSON: shown as it is
  }
  return text.trim().slice(0, ERROR_CHARACTERS_MAX);
}
