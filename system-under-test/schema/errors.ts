/**
 * Errors that a method call answers with. They are part of the API: clients act on the text
 * (PHONE_MIGRATE_3 makes them reconnect), so each has its constructor here. Codes as in
 * core.telegram.org/api/errors.
 */

export class RpcError extends Error {
  override readonly name = 'RpcError';
  /** 303 see other, 400 bad request, 401 unauthorised, 403, 404, 406, 420 flood, 500, 503. */
  readonly code: number;
  /** Upper-case, with its number filled in: FLOOD_WAIT_7. */
  readonly text: string;

  constructor(code: number, text: string) {
    super(`${code} ${text}`);
    this.code = code;
    this.text = text;
  }
}

const seeOther =
  (what: string) =>
  (dc: number): RpcError =>
    new RpcError(303, `${what}_MIGRATE_${dc}`);

/** The account of this phone number is at home in `dc`. */
export const phoneMigrate: (dc: number) => RpcError = seeOther('PHONE');
/** The signed-in user is at home in `dc`. */
export const userMigrate: (dc: number) => RpcError = seeOther('USER');
/** This network address should use `dc`. */
export const networkMigrate: (dc: number) => RpcError = seeOther('NETWORK');
/** The file is stored in `dc`. */
export const fileMigrate: (dc: number) => RpcError = seeOther('FILE');

const FLOOD = 420;

/** Whether the same request may succeed a little later: anything but a refusal for good. */
export function mayPass(error: Error): boolean {
  return !(error instanceof RpcError) || error.code >= 500 || error.code === FLOOD;
}

/** Try again after `seconds` (rounded up, at least 1). */
export function floodWait(seconds: number): RpcError {
  return new RpcError(FLOOD, `FLOOD_WAIT_${Math.max(1, Math.ceil(seconds))}`);
}

/** `text` as the method's page lists it, such as PEER_ID_INVALID. */
export function badRequest(text: string): RpcError {
  return new RpcError(400, text);
}

export function forbidden(text: string): RpcError {
  return new RpcError(403, text);
}

/** AUTH_KEY_UNREGISTERED unless said otherwise: not signed in. */
export function unauthorized(text = 'AUTH_KEY_UNREGISTERED'): RpcError {
  return new RpcError(401, text);
}

/** The server's own fault; clients retry. */
export function internal(text = 'INTERNAL'): RpcError {
  return new RpcError(500, text);
}

/** Answered in time by nobody, such as a datacentre that cannot be reached; clients retry. */
export function timedOut(): RpcError {
  return new RpcError(-503, 'Timeout');
}

/** The number in texts such as PHONE_MIGRATE_3, or undefined for other texts. */
export function errorNumber(error: RpcError, prefix: string): number | undefined {
  const rest = error.text.startsWith(`${prefix}_`) ? error.text.slice(prefix.length + 1) : '';
  return /^\d{1,9}$/.test(rest) ? Number(rest) : undefined;
}
