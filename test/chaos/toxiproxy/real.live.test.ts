/**
 * The same tests against the real toxiproxy-server 2.12, which they describe. In CI it must be
 * there; on a person's machine its absence is told.
 */
import { describe, expect, it } from 'vitest';
import {
  findRealToxiproxy,
  INSTALL_COMMAND,
  startRealToxiproxy,
} from '../../../chaos/toxiproxy/real.ts';
import { conformance } from './conformance.ts';
import { driverConformance } from './driver-conformance.ts';

const path = findRealToxiproxy();
const start = () => startRealToxiproxy({ port: 0, args: ['-proxy-metrics'] });

if (path !== undefined) {
  conformance('real', start);
  driverConformance('real', start);
} else if (process.env['CI']) {
  it('has the real toxiproxy-server, as CI must', () => {
    throw new Error(`it is missing; install it with: ${INSTALL_COMMAND}`);
  });
} else {
  it('real toxiproxy-server', (context) => {
    const line = `no toxiproxy-server here: only the embedded one is tested; ${INSTALL_COMMAND}`;
    process.stderr.write(`${line}\n`);
    context.skip(line);
  });
}

describe('the real server as a child', () => {
  it('is named by QUINCUNX_TOXIPROXY, or that is an error', () => {
    const named = { QUINCUNX_TOXIPROXY: process.execPath };
    expect(findRealToxiproxy(named)).toBe(process.execPath);
    const wrong = { QUINCUNX_TOXIPROXY: '/nowhere/toxiproxy' };
    expect(() => findRealToxiproxy(wrong)).toThrow('/nowhere/toxiproxy: there is no such program');
  });

  it('tells when the program ends instead of answering', async () => {
    const wrong = startRealToxiproxy({ port: 0, path: process.execPath });
    await expect(wrong).rejects.toThrow('did not start (exit 9)');
  });
});
