/** Signs the people of a scenario up through the gateways, and writes down who they are. */
import { type SignUpOptions, signUpPeople } from '../../sim/parallel/gateway-people.ts';
import type { CrowdPerson, DueMessage } from '../../sim/users/crowd.ts';
import type { K6Data } from './data.ts';

export interface PrepareOptions extends SignUpOptions {
  readonly people: readonly CrowdPerson[];
  readonly messages: readonly DueMessage[];
}

/** Rejects with an `Error` that says which gateway refused what. */
export async function prepareData(options: PrepareOptions): Promise<K6Data> {
  return {
    gateways: Object.fromEntries(options.gateways),
    users: await signUpPeople(options),
    pairs: options.messages.map(({ sender, recipient }) => [sender, recipient] as const),
  };
}
