import { deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { errorNumber, floodWait, phoneMigrate } from '../../../system-under-test/schema/errors.ts';
import {
  decodeMethod,
  decodeResult,
  decodeTl,
  encodeResult,
  encodeTl,
  longOf,
  type tl,
} from '../../../system-under-test/schema/tl.ts';
import { TlError } from '../../../system-under-test/schema/tl-error.ts';
import { TL_LIMITS } from '../../../system-under-test/schema/tl-limits.ts';
import { unwrapCall } from '../../../system-under-test/schema/unwrap.ts';

const VECTOR = [0x15, 0xc4, 0xb5, 0x1c];

function words(...values: readonly number[]): Uint8Array {
  return new Uint8Array(Uint32Array.from(values).buffer);
}

function packed(body: Uint8Array): Uint8Array {
  const padding = new Uint8Array(-body.length & 3);
  const length = [254, body.length & 255, (body.length >> 8) & 255, body.length >> 16];
  return Uint8Array.of(...words(0x3072cfa1), ...length, ...body, ...padding);
}

function kindOf(run: () => unknown): string {
  try {
    run();
    return 'no error';
  } catch (error) {
    return error instanceof TlError ? error.kind : String(error);
  }
}

describe('limits', () => {
  test('a vector of three million in 24 bytes is refused before anything is built', () => {
    const bomb = Uint8Array.of(...words(0x0d91a548), ...VECTOR, ...words(3_000_000, 0, 0, 0));
    expect(kindOf(() => decodeMethod(bomb))).toBe('malformed');
  });

  test('a vector longer than the limit is refused even when its bytes are there', () => {
    const count = TL_LIMITS.vectorLengthMax + 1;
    const bomb = new Uint8Array(12 + 4 * count);
    bomb.set([...words(0x0d91a548), ...VECTOR, ...words(count)]);
    expect(kindOf(() => decodeMethod(bomb))).toBe('too_large');
  });

  test('wrappers nested too deeply are refused', () => {
    const wrapper = words(0xda9b0d0d, 223);
    const deep = new Uint8Array(wrapper.length * 100_000);
    for (let i = 0; i < 100_000; i++) deep.set(wrapper, i * wrapper.length);
    expect(kindOf(() => decodeMethod(deep))).toBe('too_large');
  });

  test('vectors nested too deeply are refused', () => {
    const pair = [...VECTOR, ...words(1)];
    const deep = Uint8Array.from({ length: 80_000 }, (_, i) => pair[i % 8]!);
    expect(kindOf(() => decodeTl(deep))).toBe('too_large');
  });

  test('a gzip that unpacks to too much is refused', () => {
    const bomb = packed(gzipSync(new Uint8Array(TL_LIMITS.unpackedBytesMax + 1)));
    expect(kindOf(() => decodeMethod(bomb))).toBe('too_large');
  });

  test('gzip inside gzip is refused', () => {
    const inner = packed(gzipSync(encodeTl({ _: 'help.getConfig' })));
    expect(kindOf(() => decodeMethod(packed(gzipSync(inner))))).toBe('malformed');
  });

  test('an argument of another type is refused', () => {
    const request = encodeTl({ _: 'users.getUsers', id: [{ _: 'inputUserSelf' }] });
    request.set(encodeTl({ _: 'inputPeerSelf' }), request.length - 4);
    expect(kindOf(() => decodeMethod(request))).toBe('unknown_constructor');
  });

  test('what is no method is told from what is a broken one', () => {
    expect(kindOf(() => decodeMethod(words(0x12345678)))).toBe('unknown_method');
    expect(kindOf(() => decodeMethod(encodeTl({ _: 'inputUserSelf' })))).toBe('unknown_method');
    expect(kindOf(() => decodeMethod(encodeTl({ _: 'help.getConfig' }).subarray(0, 3)))).toBe(
      'malformed',
    );
  });
});

test.each([
  ['gzip', gzipSync],
  ['zlib', deflateSync],
])('a body packed as %s is read', (_, pack) => {
  const body = packed(pack(encodeTl({ _: 'help.getConfig' })));
  expect(decodeMethod(body)).toEqual({ _: 'help.getConfig' });
});

test.each<[string, tl.RpcMethod['_'], Parameters<typeof encodeResult>[1]]>([
  ['a Bool', 'account.updateStatus', true],
  [
    'an object',
    'updates.getState',
    { _: 'updates.state', pts: 1, qts: 2, date: 3, seq: 4, unreadCount: 5 },
  ],
  ['a vector of objects', 'users.getUsers', [{ _: 'userEmpty', id: 7 }]],
  ['an empty vector', 'users.getUsers', []],
  ['a vector of ints', 'contacts.getContactIDs', [1, -2]],
  ['a vector of longs', 'photos.deletePhotos', [longOf(1, 2)]],
])('a result that is %s comes back', (_, method, result) => {
  expect(decodeResult(method, encodeResult(method, result))).toEqual(result);
});

describe('wrappers', () => {
  const call = { _: 'help.getConfig' } as tl.RpcMethod;
  const wrap = {
    layer: (query: tl.RpcMethod) => ({ _: 'invokeWithLayer', layer: 223, query }),
    init: (query: tl.RpcMethod) => ({
      _: 'initConnection',
      apiId: 9,
      deviceModel: 'd',
      systemVersion: 's',
      appVersion: 'a',
      systemLangCode: 'en',
      langPack: '',
      langCode: 'en',
      query,
    }),
    quiet: (query: tl.RpcMethod) => ({ _: 'invokeWithoutUpdates', query }),
    after: (query: tl.RpcMethod) => ({ _: 'invokeAfterMsg', msgId: longOf(4, 1), query }),
  } as unknown as Record<string, (query: tl.RpcMethod) => tl.RpcMethod>;

  test.each([
    [['layer', 'init', 'quiet', 'after']],
    [['quiet', 'after', 'layer', 'init']],
    [['after', 'init', 'layer', 'quiet']],
  ])('are taken off in the order %s', (order) => {
    const wrapped = order.reduceRight((query, name) => wrap[name]!(query), call);
    const unwrapped = unwrapCall(decodeMethod(encodeTl(wrapped)));
    expect(unwrapped).toMatchObject({ method: call, layer: 223, apiId: 9, withoutUpdates: true });
    expect(unwrapped.initInfo?.deviceModel).toBe('d');
    expect(unwrapped.after).toHaveLength(1);
  });

  test('none is fine', () => {
    expect(unwrapCall(call)).toEqual({ method: call, withoutUpdates: false, after: [] });
  });

  test('one that is not served is an error of the API', () => {
    const takeout = { _: 'invokeWithTakeout', takeoutId: longOf(1, 1), query: call };
    expect(() => unwrapCall(takeout as unknown as tl.RpcMethod)).toThrow('INPUT_METHOD_INVALID');
  });
});

test('errors carry their numbers', () => {
  expect(phoneMigrate(3)).toMatchObject({ code: 303, text: 'PHONE_MIGRATE_3' });
  expect(floodWait(6.2)).toMatchObject({ code: 420, text: 'FLOOD_WAIT_7' });
  expect(errorNumber(phoneMigrate(3), 'PHONE_MIGRATE')).toBe(3);
  expect(errorNumber(phoneMigrate(3), 'FLOOD_WAIT')).toBeUndefined();
});
