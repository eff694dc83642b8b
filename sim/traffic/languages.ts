/**
 * Which countries share a language: the official and national languages of each, from the package
 * countries-list. Languages of minorities and dialects are not in it, so it says less than is so.
 */
import { countries } from 'countries-list';

const known: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries(countries).map(([code, { languages }]) => [code, languages]),
);

/** By ISO 3166-1 alpha-2 codes; false where nothing is known of one of them. */
export function sharesLanguage(one: string, other: string): boolean {
  const languages = known.get(other);
  return known.get(one)?.some((language) => languages?.includes(language)) ?? false;
}
