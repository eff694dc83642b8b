/**
 * What a live cluster keeps on disk besides its stores: the RSA key that clients know it by, and
 * the secret that its datacentres share. Made on the first start, readable by the owner only.
 */
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generateRsaKeyPem, RsaKey } from '../mtproto/rsa.ts';

export interface ClusterFiles {
  readonly folder: string;
  readonly rsaPrivateKeyPem: string;
  readonly secret: Uint8Array;
  /** The secret was made just now: no datacentre of this cluster has ever run. */
  readonly isNew: boolean;
}

const OWNER_ONLY = 0o600;
const SECRET_BYTES = 32;
const SECRET_FILE = 'cluster-secret.hex';
const HEX_SECRET = /^[0-9a-f]{64}$/;

/** Throws an `Error` that names the file and what is wrong with it. */
export async function openClusterFiles(folder: string): Promise<ClusterFiles> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const pemFile = join(folder, 'rsa-private-key.pem');
  const secretFile = join(folder, SECRET_FILE);
  const rsaPrivateKeyPem = await readOrMake(pemFile, generateRsaKeyPem);
  const problem = rsaProblem(rsaPrivateKeyPem);
  if (problem !== undefined) {
    throw new Error(
      `${pemFile} does not hold a private RSA key of 2048 bits (${problem}); ` +
        'restore it, or remove it to have another made, which clients must then be told',
    );
  }
  const isNew = (await stat(secretFile).catch(() => undefined)) === undefined;
  const hex = (
    await readOrMake(secretFile, () => randomBytes(SECRET_BYTES).toString('hex'))
  ).trim();
  if (!HEX_SECRET.test(hex)) {
    throw new Error(
      `${secretFile} does not hold 64 hex digits; restore it, or remove the data folder to start anew`,
    );
  }
  return { folder, rsaPrivateKeyPem, secret: new Uint8Array(Buffer.from(hex, 'hex')), isNew };
}

/** The secret of a cluster that has one already; undefined where none is, or none can be read. */
export async function existingSecret(folder: string): Promise<Uint8Array | undefined> {
  const text = await readFile(join(folder, SECRET_FILE), 'utf8').catch(() => '');
  return HEX_SECRET.test(text.trim()) ? new Uint8Array(Buffer.from(text.trim(), 'hex')) : undefined;
}

function rsaProblem(pem: string): string | undefined {
  try {
    new RsaKey(pem);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

export function dcFolder(folder: string, dc: number): string {
  return join(folder, `dc${dc}`);
}

async function readOrMake(file: string, make: () => string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const text = make();
  await writeFile(file, text, { mode: OWNER_ONLY, flag: 'wx' });
  await chmod(file, OWNER_ONLY);
  return text;
}
