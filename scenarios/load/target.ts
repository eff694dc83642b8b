/**
 * Where load may go: to this machine and nowhere else. Load on a machine of others is an attack
 * unless they have agreed, and that is nothing a flag could say.
 */
import { lookup } from 'node:dns/promises';
import { networkInterfaces } from 'node:os';

const PROTOCOLS = ['ws:', 'wss:', 'http:', 'https:', 'tcp:'];
const EXAMPLE = 'ws://127.0.0.1:9000';

/** What is wrong with a target, or undefined. Looks its name up. */
export async function targetProblem(target: string): Promise<string | undefined> {
  const url = URL.parse(target);
  if (!url || !PROTOCOLS.includes(url.protocol) || url.hostname === '') {
    const all = PROTOCOLS.map((protocol) => `${protocol}//`).join(', ');
    return `use an address that begins with ${all}, such as ${EXAMPLE}`;
  }
  if (url.username !== '' || url.password !== '') {
    return 'it would put a secret into logs and reports; let the driver read it from a file';
  }
  const host = url.hostname.replace(/^\[|\]$/g, '');
  let addresses: readonly string[];
  try {
    addresses = (await lookup(host, { all: true })).map(({ address }) => address);
  } catch (error) {
    return `${host} is not known: ${(error as Error).message}; use ${EXAMPLE}`;
  }
  const foreign = addresses.filter((address) => !isOwn(address));
  if (foreign.length === 0) return undefined;
  return `${foreign.join(', ')} is not this machine; load goes only to addresses of this machine, such as ${EXAMPLE}`;
}

function isOwn(address: string): boolean {
  if (/^127\./.test(address) || address === '::1') return true;
  const all = Object.values(networkInterfaces()).flatMap((some) => some ?? []);
  return all.some((each) => each.address === address);
}
