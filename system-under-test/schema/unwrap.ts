/**
 * Takes a method call out of its wrappers. Clients nest them in any order (gotd wraps every call in
 * invokeWithLayer, and puts invokeWithoutUpdates anywhere), so all are peeled off until a real
 * method is left. How deep they may be nested is the reader's limit.
 */
import type { tl } from '@mtcute/tl';
import { badRequest } from './errors.ts';

/** What initConnection said of the client. */
export interface InitInfo {
  readonly deviceModel: string;
  readonly systemVersion: string;
  readonly appVersion: string;
  readonly systemLangCode: string;
  readonly langPack: string;
  readonly langCode: string;
}

export interface UnwrappedCall {
  readonly method: tl.RpcMethod;
  readonly layer?: number;
  readonly apiId?: number;
  readonly initInfo?: InitInfo;
  /** The session shall not be sent updates on account of this call. */
  readonly withoutUpdates: boolean;
  /** Calls that must have been answered before this one runs (msg_ids). */
  readonly after: readonly tl.Long[];
}

type Wrapper = Extract<tl.RpcMethod, { query: unknown }>;

/** Throws `RpcError` for wrappers that this backend does not serve. */
export function unwrapCall(call: tl.RpcMethod): UnwrappedCall {
  let method = call;
  let layer: number | undefined;
  let init: tl.RawInitConnectionRequest | undefined;
  let withoutUpdates = false;
  const after: tl.Long[] = [];
  while ('query' in method && typeof method.query === 'object') {
    const wrapper = method as Wrapper;
    switch (wrapper._) {
      case 'invokeWithLayer':
        layer = wrapper.layer;
        break;
      case 'initConnection':
        init = wrapper;
        break;
      case 'invokeWithoutUpdates':
        withoutUpdates = true;
        break;
      case 'invokeAfterMsg':
        after.push(wrapper.msgId);
        break;
      case 'invokeAfterMsgs':
        after.push(...wrapper.msgIds);
        break;
      default:
        throw badRequest('INPUT_METHOD_INVALID');
    }
    method = wrapper.query as tl.RpcMethod;
  }
  return {
    method,
    withoutUpdates,
    after,
    ...(layer === undefined ? {} : { layer }),
    ...(init === undefined ? {} : { apiId: init.apiId, initInfo: initInfo(init) }),
  };
}

function initInfo(init: tl.RawInitConnectionRequest): InitInfo {
  const { deviceModel, systemVersion, appVersion, systemLangCode, langPack, langCode } = init;
  return { deviceModel, systemVersion, appVersion, systemLangCode, langPack, langCode };
}
