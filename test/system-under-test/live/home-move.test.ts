/** Which datacentres are asked for a move, in which order, and what an operator hears. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import fiveDatacentres from '../../../system-under-test/five-datacentres.json' with {
  type: 'json',
};
import { requestOf } from '../../../system-under-test/live/control-socket.ts';
import {
  type HomeAnswer,
  type HomeQuestion,
  type MoveSummary,
  moveHomeOf,
} from '../../../system-under-test/live/home-move.ts';
import { manualClock } from '../datacenter/manual-clock.ts';

const PHONE = '9996620001';
const USER = 7;
const MOVED = { kind: 'moved' } as const;
const refused = (why: string): HomeAnswer => ({ kind: 'refused', why });

interface World {
  /** Where DC 2 says that the user is at home; absent for nobody. */
  readonly home?: number;
  /** Answers to the requests to move, in turn; the last one stays. */
  readonly answers?: readonly HomeAnswer[];
  readonly down?: readonly number[];
}

/** Moves the owner of PHONE to DC `to`; time passes whenever nothing else can happen. */
async function moved(to: number, { home, answers = [MOVED], down = [] }: World) {
  const clock = manualClock();
  const asked: (HomeQuestion & { readonly dc: number })[] = [];
  let result: MoveSummary | Error | undefined;
  let moves = 0;
  const ask = async (dc: number, question: HomeQuestion): Promise<HomeAnswer> => {
    asked.push({ dc, ...question });
    if (question.ask === 'move') return answers[Math.min(moves++, answers.length - 1)]!;
    return { kind: 'located', ...(home ? { located: { userId: USER, home } } : {}) };
  };
  const isRunning = (dc: number): boolean => !down.includes(dc);
  moveHomeOf({ topology: fiveDatacentres, clock, isRunning, ask }, PHONE, to).then(
    (summary) => {
      result = summary;
    },
    (error: Error) => {
      result = error;
    },
  );
  while (result === undefined) {
    await new Promise((resolve) => setImmediate(resolve));
    if (result === undefined) clock.pass(50);
  }
  return { result, asked, ms: clock.monotonicMs() };
}

const words = async (to: number, world: World): Promise<string> => {
  const { result } = await moved(to, world);
  return result instanceof Error ? result.message : `no error but ${JSON.stringify(result)}`;
};

test('the DC of birth says where the user is, and that one is asked to move', async () => {
  const { result, asked } = await moved(3, { home: 5 });
  expect(result).toEqual({ userId: USER, from: 5, to: 3, moved: true });
  expect(asked).toEqual([
    { dc: 2, ask: 'locate', phone: PHONE },
    { dc: 5, ask: 'move', userId: USER, to: 3 },
  ]);
});

test('who is at home there already stays, even while a DC is down', async () => {
  const { result, asked } = await moved(3, { home: 3, down: [5] });
  expect(result).toEqual({ userId: USER, from: 3, to: 3, moved: false });
  expect(asked).toHaveLength(1);
});

test.each(['HOME_BUSY', 'USER_ID_INVALID'])('%s passes: asked again', async (why) => {
  const { result, asked, ms } = await moved(1, {
    home: 2,
    answers: [refused(why), refused(why), MOVED],
  });
  expect(result).toMatchObject({ from: 2, to: 1, moved: true });
  expect(asked.filter(({ ask }) => ask === 'move')).toHaveLength(3);
  expect(ms).toBeLessThan(1_000);
});

test('what does not pass in 10 s is given up, and said', async () => {
  const { result, ms } = await moved(1, { home: 2, answers: [refused('HOME_BUSY')] });
  expect(`${result}`).toMatch(/user 7 cannot leave DC 2 now \(HOME_BUSY for 10 s\)/);
  expect(ms).toBeGreaterThanOrEqual(10_000);
  expect(ms).toBeLessThan(11_000);
});

test('what cannot be is said at once', async () => {
  expect(await words(9, { home: 2 })).toBe('there is no DC 9; use one of 1, 2, 3, 4, 5');
  expect(await words(3, {})).toBe(`nobody has signed up with ${PHONE} (asked DC 2)`);
  expect(await words(3, { home: 2, down: [2] })).toBe(`DC 2, which knows ${PHONE}, is not running`);
  expect(await words(3, { home: 2, down: [3, 4] })).toMatch(/^DC 3, 4 not running; a home moves/);
  expect(await words(3, { home: 2, answers: [refused('it has ended; ask again')] })).toBe(
    'DC 2: it has ended; ask again',
  );
});

test('an operator who has gone is not worked for', async () => {
  const signal = AbortSignal.abort(new Error('gone'));
  const ask = (): Promise<HomeAnswer> => Promise.reject(new Error('was asked'));
  const options = { topology: fiveDatacentres, clock: manualClock(), isRunning: () => true, ask };
  await expect(moveHomeOf({ ...options, signal }, PHONE, 3)).rejects.toThrow('gone');
});

test('a request to move has a number of 7 to 15 digits and a whole DC', () => {
  const line = (fields: object): string => JSON.stringify({ ask: 'move', ...fields });
  const good = { phone: PHONE, to: 3 };
  expect(requestOf(line({ ...good, more: 1 }))).toEqual({ ask: 'move', ...good });
  const wrong = [{}, { phone: PHONE }, { to: 3 }, { ...good, to: '3' }, { ...good, to: 3.5 }];
  const phones = [9_996_620_001, '+9996620001', '999', '1'.repeat(16), `${PHONE}\n`, '', [PHONE]];
  for (const fields of [...wrong, ...phones.map((phone) => ({ ...good, phone }))]) {
    expect(requestOf(line(fields)), line(fields)).toBeUndefined();
  }
});

test('whatever a line holds, it is a whole request or none', () => {
  const field = fc.oneof(fc.string(), fc.integer(), fc.constant(PHONE), fc.constant(null));
  const fields = fc.record(
    { ask: fc.constantFrom('move', 'backup', 'running', 'x'), phone: field, to: field },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(fc.oneof(fields, fc.jsonValue()), (value) => {
      const request = requestOf(JSON.stringify(value));
      if (request?.ask !== 'move') return;
      expect(request.phone).toMatch(/^\d{7,15}$/);
      expect(Number.isInteger(request.to)).toBe(true);
    }),
  );
});
