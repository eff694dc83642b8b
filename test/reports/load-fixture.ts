/** An offered load without a generator: smooth curves, a burst, and numbers with sources. */
import type { LoadCurve, LoadResult } from '../../reports/load-result.ts';

const list = (steps: number, value: (step: number) => number): number[] =>
  Array.from({ length: steps }, (_, step) => Math.round(value(step)));

const wave = (height: number) => (step: number) =>
  height * (1 + 0.3 * Math.sin(((step - 120) / 288) * 2 * Math.PI));
const bump = (height: number) => (step: number) => height * Math.exp(-(((step - 60) / 12) ** 2));

const around: LoadCurve = {
  fromSeconds: -15 * 3600,
  stepSeconds: 300,
  messages: {
    'one to one': list(288, wave(290_000)),
    groups: list(288, wave(130_000)),
    supergroups: list(288, wave(29_000)),
    channels: list(288, wave(3_000)),
    'with files': list(288, wave(190_000)),
  },
  calls: { 'bot calls': list(288, wave(170_000)), reactions: list(288, bump(4_000)) },
};

const window: LoadCurve = {
  fromSeconds: -5,
  stepSeconds: 1,
  messages: {
    'one to one': list(125, () => 300_000),
    groups: list(125, () => 130_000),
    'with files': list(125, (step) => 190_000 + bump(200_000)(step)),
  },
  calls: { 'bot calls': list(125, () => 170_000) },
};

export const LOAD: LoadResult = {
  source: "the wave of the world's zones on 2026-01-15",
  notes: ['kinds of messages: direct 45 %, group 20 %'],
  window,
  around,
  shapes: [
    {
      kind: 'media_flood',
      label: '200K messages a second with files, from everywhere',
      curve: {
        ...{ fromSeconds: 0, stepSeconds: 1, calls: {} },
        messages: { 'with files': list(120, bump(200_000)) },
      },
      facts: [
        { name: 'timesMean', value: 0.9, unit: 'times the mean', source: 'assumed: three times' },
        { name: 'forSeconds', value: 60, unit: 's', source: 'set by the scenario' },
      ],
    },
    {
      kind: 'celebrity_post',
      label: 'a channel of 5M posts',
      curve: {
        ...{ fromSeconds: 20, stepSeconds: 5 },
        messages: { supergroups: list(100, bump(9)), channels: list(100, (s) => Number(s === 0)) },
        calls: { reactions: list(100, bump(900)) },
      },
      facts: [{ name: 'subscribers', value: 5e6, unit: 'people', source: 'assumed' }],
    },
  ],
};
