/**
 * Signs people up through the gateways of datacentres: test numbers only, whose codes are known.
 * What comes of it is all that a client needs to be that person.
 */

export interface NewPerson {
  readonly homeDc: number;
  /** A test number of the home. */
  readonly phone: string;
  readonly name: string;
}

export interface GatewayPerson {
  /** Home. */
  readonly dc: number;
  /** How others address this person. */
  readonly chat: string;
  readonly token: string;
}

export interface SignUpOptions {
  /** By DC: "http://host:port". */
  readonly gateways: ReadonlyMap<number, string>;
  readonly people: readonly NewPerson[];
  readonly signal: AbortSignal;
  readonly progress: (done: number, of: number) => void;
}

const AT_ONCE = 16;
const ATTEMPTS = 5;
const REQUEST_MS = 10_000;
/** A token reaches the other datacentres as fast as a message does. */
const KNOWN_MS = 10_000;
const LOOK_MS = 50;

/**
 * In the order of `people`; each can be served by every DC then. Rejects with an `Error` that says
 * which gateway refused what.
 */
export async function signUpPeople(options: SignUpOptions): Promise<GatewayPerson[]> {
  const { people, progress } = options;
  const signedUp: GatewayPerson[] = new Array(people.length);
  let next = 0;
  let done = 0;
  const work = async (): Promise<void> => {
    for (let index = next++; index < people.length; index = next++) {
      const person = people[index];
      if (person) signedUp[index] = await signUp(options, person);
      progress(++done, people.length);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  await knownEverywhere(options, signedUp);
  return signedUp;
}

async function signUp(options: SignUpOptions, person: NewPerson): Promise<GatewayPerson> {
  const { homeDc: dc, phone, name } = person;
  const gateway = options.gateways.get(dc);
  if (gateway === undefined) throw new Error(`there is no gateway of DC ${dc}`);
  const { codeId } = await post<{ codeId: string }>(options, `${gateway}/v1/codes`, { phone });
  const body = { phone, codeId, code: String(dc).repeat(5), firstName: name || phone };
  const { token, user } = await post<{ token: string; user: { user: string } }>(
    options,
    `${gateway}/v1/sessions`,
    body,
  );
  return { dc, chat: user.user, token };
}

/** The newest token of each home is good at every datacentre; so are those before it. */
async function knownEverywhere(
  options: SignUpOptions,
  people: readonly GatewayPerson[],
): Promise<void> {
  const deadlineMs = performance.now() + KNOWN_MS;
  const newest = new Map(people.map((person) => [person.dc, person]));
  for (const gateway of options.gateways.values()) {
    for (const { token } of newest.values()) {
      for (;;) {
        const headers = { authorization: `Bearer ${token}` };
        const { status } = await fetch(`${gateway}/v1/me`, { headers, signal: within(options) });
        if (status === 200) break;
        if (performance.now() > deadlineMs) {
          throw new Error(`${gateway} does not know a token after ${KNOWN_MS / 1_000} s`);
        }
        await pause(LOOK_MS);
      }
    }
  }
}

async function post<T>(options: SignUpOptions, url: string, body: unknown): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: within(options),
    });
    const answer = (await response.json()) as { error?: { code: string; message: string } };
    if (response.ok) return answer as T;
    const waits = response.status === 429 || response.status === 503;
    if (!waits || attempt === ATTEMPTS) {
      throw new Error(`${url}: ${answer.error?.code}: ${answer.error?.message}`);
    }
    await pause(Number(response.headers.get('retry-after') ?? 1) * 1_000);
  }
}

const within = ({ signal }: SignUpOptions): AbortSignal =>
  AbortSignal.any([signal, AbortSignal.timeout(REQUEST_MS)]);

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
