/** Frames of a backbone link, cut in every way; garbage; and who may say hello. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Inbound, IncomingLink } from '../../../system-under-test/datacenter/incoming-link.ts';
import { LIMITS } from '../../../system-under-test/datacenter/limits.ts';
import {
  encodeFrame,
  FrameDecoder,
  helloMac,
  type LinkFrame,
  LinkProtocolError,
} from '../../../system-under-test/datacenter/link-frames.ts';
import { pack } from '../../../system-under-test/datacenter/records.ts';
import type {
  Connection,
  ConnectionHandlers,
} from '../../../system-under-test/environment/index.ts';

const bytes = fc.uint8Array({ maxLength: 300 });
const count = fc.nat({ max: 2 ** 40 });
const anyFrame: fc.Arbitrary<LinkFrame> = fc.oneof(
  fc.tuple(fc.constant('challenge' as const), bytes),
  fc.tuple(fc.constant('hello' as const), fc.nat(7), fc.nat(7), bytes),
  fc.tuple(fc.constant('welcome' as const), count, count, count, count),
  fc.tuple(fc.constantFrom('stream' as const, 'outbox' as const), count, bytes),
  fc.tuple(fc.constant('ack' as const), count, count),
  fc.tuple(fc.constant('request' as const), count, count, fc.string(), bytes, count),
  fc.tuple(fc.constant('call' as const), count, fc.string(), bytes),
  fc.tuple(fc.constant('response' as const), count, bytes, count),
  fc.tuple(fc.constant('error' as const), count, fc.nat(999), fc.string()),
  fc.tuple(fc.constant('push' as const), count, fc.string(), bytes, count),
  fc.tuple(fc.constant('post' as const), count, count, fc.string(), bytes, count),
  fc.tuple(fc.constant('evict' as const), count, count, count),
  fc.tuple(fc.constant('interest' as const), fc.array(count)),
  fc.tuple(fc.constant('disinterest' as const), fc.array(count)),
  fc.tuple(fc.constant('queued' as const), fc.array(count), fc.array(count), fc.boolean()),
  fc.tuple(fc.constant('attach' as const), fc.array(count), fc.boolean()),
  fc.tuple(fc.constant('detach' as const), fc.array(count)),
  fc.tuple(fc.constantFrom('ping' as const, 'snapshot' as const)),
  fc.tuple(fc.constantFrom('pong' as const, 'want' as const, 'at' as const), count),
  fc.tuple(fc.constantFrom('resume' as const, 'skip' as const), count),
);

/** Cuts bytes into pieces of the given sizes, over and over. */
function pieces(whole: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const all: Uint8Array[] = [];
  for (let at = 0, index = 0; at < whole.length; index++) {
    const end = at + (sizes[index % sizes.length] ?? 1);
    all.push(whole.slice(at, end));
    at = end;
  }
  return all;
}

describe('the frame decoder', () => {
  test('gives back what was sent, however it was cut', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(fc.array(anyFrame, { maxLength: 20 }), sizes, (frames, cut) => {
        const whole = new Uint8Array(Buffer.concat(frames.map(encodeFrame)));
        const decoder = new FrameDecoder();
        const got = pieces(whole, cut).flatMap((piece) => decoder.push(piece));
        expect(got).toEqual(frames);
      }),
    );
  });

  test('throws LinkProtocolError on garbage, and nothing else', () => {
    const framed = fc.uint8Array({ maxLength: 64 }).map((body) => {
      const head = new Uint8Array(4);
      new DataView(head.buffer).setUint32(0, body.length, true);
      return new Uint8Array(Buffer.concat([head, body]));
    });
    fc.assert(
      fc.property(fc.oneof(framed, fc.uint8Array({ maxLength: 64 })), (garbage) => {
        try {
          for (const frame of new FrameDecoder().push(garbage))
            expect(frame[0]).toBeTypeOf('string');
        } catch (error) {
          expect(error).toBeInstanceOf(LinkProtocolError);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  test('refuses a frame over the limit as soon as its length is known', () => {
    const head = new Uint8Array(4);
    new DataView(head.buffer).setUint32(0, LIMITS.linkFrameBytesMax + 1, true);
    expect(() => new FrameDecoder().push(head)).toThrow(LinkProtocolError);
    new DataView(head.buffer).setUint32(0, LIMITS.linkFrameBytesMax, true);
    expect(new FrameDecoder().push(head)).toEqual([]);
  });

  test.each([99, -1, 1.5, 'length', 'at', null, undefined])('refuses the type %j', (type) => {
    const body = pack(type === undefined ? [] : [type, 1, 2]);
    const whole = new Uint8Array(4 + body.length);
    new DataView(whole.buffer).setUint32(0, body.length, true);
    whole.set(body, 4);
    expect(() => new FrameDecoder().push(whole)).toThrow(LinkProtocolError);
  });
});

const SECRET = new Uint8Array(32).fill(1);
const NONCE = new Uint8Array(32).fill(2);

/** The accepting side of DC 2, and what it wrote and did. */
function accepting() {
  const decoder = new FrameDecoder();
  const sent: LinkFrame[] = [];
  const state = {
    destroyed: false,
    greeted: [] as number[],
    executed: [] as unknown[],
    handlers: {} as ConnectionHandlers,
  };
  const connection: Connection = {
    remote: 'test',
    bufferedBytes: 0,
    setHandlers: (handlers) => {
      state.handlers = handlers;
    },
    write: (written) => sent.push(...decoder.push(written)),
    end: () => {},
    destroy: () => {
      state.destroyed = true;
    },
  };
  const inbound = { from: 1, streamTaken: 5, outboxTaken: 6, streamDurable: 3, outboxDurable: 4 };
  new IncomingLink(
    {
      self: 2,
      secret: SECRET,
      nonce: NONCE,
      clock: { wallMs: () => 0, monotonicMs: () => 0, after: () => ({ cancel: () => {} }) },
      log: { write: () => {} },
      handlers: {
        applyStream: () => Promise.resolve(),
        applyOutbox: () => Promise.resolve({ durable: Promise.resolve() }),
        execute: (userId, authKeyId, _body, remainingMs) => {
          state.executed.push([userId, authKeyId, remainingMs]);
          return Promise.resolve(new Uint8Array(1));
        },
        call: () => Promise.reject(new Error('unused')),
        position: () => 0,
        heard: () => {},
        at: () => {},
        push: () => {},
        attach: () => {},
        detach: () => {},
        interest: () => {},
        disinterest: () => {},
        post: () => {},
        evict: () => {},
        queued: () => {},
        lost: () => {},
        cannotResume: () => {},
        skipOutbox: () => Promise.resolve(),
        streamDurable: () => {},
        outboxDurable: () => {},
        fatal: () => {},
      },
      inboundOf: (from) => (from === 1 ? (inbound as unknown as Inbound) : undefined),
      onHello: (from) => state.greeted.push(from),
      onEnd: () => {},
    },
    connection,
  );
  return { state, sent, say: (frame: LinkFrame) => state.handlers.onData(encodeFrame(frame)) };
}

describe('hello', () => {
  test('with the right proof is welcomed', () => {
    const { state, sent, say } = accepting();
    expect(sent).toEqual([['challenge', NONCE]]);
    say(['hello', 1, 2, helloMac(SECRET, NONCE, 1, 2)]);
    expect(sent[1]).toEqual(['welcome', 5, 6, 3, 4]);
    expect([state.destroyed, state.greeted]).toEqual([false, [1]]);
  });

  test('a request says for how long its answer will be waited for', () => {
    const { state, say } = accepting();
    say(['hello', 1, 2, helloMac(SECRET, NONCE, 1, 2)]);
    say(['request', 7, 9, 'key', new Uint8Array(4), 1_200]);
    expect(state.executed).toEqual([[9, 'key', 1_200]]);
  });

  const other = new Uint8Array(32).fill(3);
  test.each<[string, LinkFrame]>([
    ['another secret', ['hello', 1, 2, helloMac(other, NONCE, 1, 2)]],
    ['the answer to another challenge', ['hello', 1, 2, helloMac(SECRET, other, 1, 2)]],
    ['the proof of another direction', ['hello', 1, 2, helloMac(SECRET, NONCE, 2, 1)]],
    ['another destination', ['hello', 1, 3, helloMac(SECRET, NONCE, 1, 3)]],
    ['a DC that nobody knows', ['hello', 6, 2, helloMac(SECRET, NONCE, 6, 2)]],
    ['no proof', ['hello', 1, 2, new Uint8Array(0)]],
    ['nothing', ['ping']],
    ['a stream first', ['stream', 1, new Uint8Array(1)]],
  ])('with %s is refused', (_what, frame) => {
    const { state, sent, say } = accepting();
    say(frame);
    expect(state.destroyed).toBe(true);
    expect(state.greeted).toEqual([]);
    expect(sent).toHaveLength(1);
  });

  test('is said once', () => {
    const { state, say } = accepting();
    say(['hello', 1, 2, helloMac(SECRET, NONCE, 1, 2)]);
    say(['hello', 1, 2, helloMac(SECRET, NONCE, 1, 2)]);
    expect(state.destroyed).toBe(true);
  });
});
