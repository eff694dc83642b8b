/** Load goes to this machine and nowhere else. */
import { networkInterfaces } from 'node:os';
import { describe, expect, test } from 'vitest';
import { targetProblem } from '../../../scenarios/load/target.ts';

describe('a target', () => {
  const own = Object.values(networkInterfaces()).flatMap((some) => some ?? []);
  const v4 = own.filter(({ family }) => family === 'IPv4').map(({ address }) => address);

  test.each([
    ...[
      'ws://127.0.0.1:9000',
      'wss://localhost:9443/chat',
      'http://[::1]:8080',
      'tcp://127.9.9.9:1',
    ],
    ...v4.map((address) => `ws://${address}:9000`),
  ])('%s is this machine', async (target) => {
    expect(await targetProblem(target)).toBeUndefined();
  });

  // 192.0.2.0/24 and 2001:db8::/32 are documentation's: no machine has them.
  test.each(['ws://192.0.2.1:9000', 'http://[2001:db8::1]/', 'ws://0x7f.1.example.invalid:1'])(
    '%s is not, and is refused',
    async (target) => {
      expect(await targetProblem(target)).toMatch(/is not this machine|is not known/);
    },
  );

  test.each([
    ['127.0.0.1:9000', 'use an address that begins with ws://'],
    ['', 'use an address that begins with ws://'],
    ['file:///etc/passwd', 'use an address that begins with ws://'],
    ['ws://ann:secret@127.0.0.1:9000', 'put a secret into logs'],
  ])('"%s" is no target', async (target, why) => {
    const problem = await targetProblem(target);
    expect(problem).toContain(why);
    expect(problem).not.toContain('secret@');
  });
});
