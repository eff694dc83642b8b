/**
 * All traffic shapes: what a scenario may put on top of the wave. To add one: a file here with its
 * fields and what it adds, a line in SHAPES, a test with its numbers.
 */
import { type BotStorm, botStorm } from './bot-storm.ts';
import { type CelebrityPost, celebrityPost } from './celebrity-post.ts';
import { numberProblem } from './fields.ts';
import { type FootballFinal, footballFinal } from './football-final.ts';
import { type MediaFlood, mediaFlood } from './media-flood.ts';
import { type NewYear, newYear } from './new-year.ts';
import { type ReconnectStorm, reconnectStorm } from './reconnect-storm.ts';
import type { ShapeDefinition, ShapePlaces } from './shape.ts';
import { type SupergroupBurst, supergroupBurst } from './supergroup-burst.ts';

export type { BuiltShape, Fact, ShapeContext, ShapePlaces } from './shape.ts';
export type {
  BotStorm,
  CelebrityPost,
  FootballFinal,
  MediaFlood,
  NewYear,
  ReconnectStorm,
  SupergroupBurst,
};

/** One entry of `traffic.shapes`. */
export type Shape =
  | SupergroupBurst
  | CelebrityPost
  | NewYear
  | FootballFinal
  | BotStorm
  | MediaFlood
  | ReconnectStorm;

export const SHAPES: Readonly<Record<Shape['kind'], ShapeDefinition>> = {
  supergroup_burst: supergroupBurst,
  celebrity_post: celebrityPost,
  new_year: newYear,
  football_final: footballFinal,
  bot_storm: botStorm,
  media_flood: mediaFlood,
  reconnect_storm: reconnectStorm,
};

const SHAPES_MAX = 100;

/** Everything that is wrong with a list of shapes from a person's file. */
export function shapeProblems(value: unknown, places: ShapePlaces): string[] {
  if (!Array.isArray(value) || value.length > SHAPES_MAX) {
    return [`use a list of at most ${SHAPES_MAX} shapes`];
  }
  return value.flatMap((shape: unknown, index) =>
    problemsOf(shape, places).map((problem) => `[${index}]${problem}`),
  );
}

function problemsOf(shape: unknown, places: ShapePlaces): string[] {
  if (typeof shape !== 'object' || shape === null) return [': use { kind: ..., ... }'];
  const given = shape as Readonly<Record<string, unknown>>;
  const kinds = Object.keys(SHAPES);
  const kind = kinds.find((name) => name === given['kind']) as Shape['kind'] | undefined;
  if (kind === undefined) {
    return [`.kind: ${JSON.stringify(given['kind'])} is not a shape; use ${kinds.join(', ')}`];
  }
  const { numbers, others, check } = SHAPES[kind];
  const known = [...Object.keys(numbers), ...Object.keys(others)];
  const problems = Object.keys(given)
    .filter((name) => name !== 'kind' && !known.includes(name))
    .map((name) => `.${name}: ${kind} has no such field; use ${known.join(', ')}`);
  for (const [name, field] of Object.entries(numbers)) {
    const problem = numberProblem(name, field, given[name], places);
    if (problem !== undefined) problems.push(`.${problem}`);
  }
  for (const [name, check] of Object.entries(others)) {
    const problem = check(given[name], places);
    if (problem !== undefined) problems.push(`.${name}: ${problem}`);
  }
  const together = problems.length === 0 ? check?.(shape as Shape) : undefined;
  if (together !== undefined) problems.push(`: ${together}`);
  return problems;
}
