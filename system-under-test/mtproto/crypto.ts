/** The cryptography of MTProto, as one value that is loaded once a process and handed around. */
import { DhGroup } from './diffie-hellman.ts';
import { loadWasmPrimitives, type WasmPrimitives } from './wasm-primitives.ts';

export { generateRsaKeyPem, RsaKey, RsaPublicKey } from './rsa.ts';

export interface MtprotoCrypto extends WasmPrimitives {
  readonly dh: DhGroup;
}

export async function loadCrypto(): Promise<MtprotoCrypto> {
  const primitives = await loadWasmPrimitives();
  return {
    sha1: (...parts) => primitives.sha1(...parts),
    sha256: (a, b) => primitives.sha256(a, b),
    igeEncrypt: (data, key, iv) => primitives.igeEncrypt(data, key, iv),
    igeDecrypt: (data, key, iv) => primitives.igeDecrypt(data, key, iv),
    dh: new DhGroup(),
  };
}
