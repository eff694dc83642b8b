/**
 * What virtual users are called and what they write, made up by Faker. A name is a function of seed
 * and user, the words of a message of seed and message: the same in every run and every thread.
 */
import { faker } from '@faker-js/faker/locale/en'; // English alone: all languages take 0.3 s
import { keyOfSeed } from '../core/seed.ts';
import { drawWord } from '../core/streams.ts';

/** Texts are cut from so many, each as long as the longest message. */
const TEXTS = 64;
const TEXT_CHARACTERS = 4_096;
/** Messages with the same text begin at different words. */
const SHIFTS = 512;

export class PeopleWords {
  readonly #seed: ReturnType<typeof keyOfSeed>;
  #texts: readonly string[] | undefined;

  /** A seed as on the command line. */
  constructor(seed: string) {
    this.#seed = keyOfSeed(seed);
  }

  /** First and last names of users 0, 1, 2, ...; not unique. The same whatever the number. */
  names(users: number): string[] {
    faker.seed(drawWord(this.#seed, 'people-words.names', 0));
    const { person } = faker;
    return Array.from({ length: users }, () => `${person.firstName()} ${person.lastName()}`);
  }

  /** Words for message `n`: `characters` of ASCII, so as many bytes, at most 4,096. */
  wordsOf(n: number, characters: number): string {
    this.#texts ??= Array.from({ length: TEXTS }, (_, text) => this.#text(text));
    const text = this.#texts[n % TEXTS]!;
    const from = (Math.floor(n / TEXTS) * 7) % SHIFTS;
    return text.slice(from, from + Math.min(characters, TEXT_CHARACTERS));
  }

  #text(number: number): string {
    faker.seed(drawWord(this.#seed, 'people-words.texts', number));
    let text = '';
    while (text.length < TEXT_CHARACTERS + SHIFTS) {
      text += `${faker.hacker.phrase()} ${faker.company.catchPhrase()}. `;
    }
    // One byte a character.
    return text.replace(/[^\x20-\x7e]/g, '-').slice(0, TEXT_CHARACTERS + SHIFTS);
  }
}
