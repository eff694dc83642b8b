/** gzip_packed bodies: zlib with a limit on what comes out. mtcute sends zlib, others gzip. */
import { gzipSync, unzipSync } from 'node:zlib';
import { TlError } from './tl-error.ts';
import { TL_LIMITS } from './tl-limits.ts';

/** The unpacked body; `TlError` when it is corrupt or larger than the limit. */
export function gunzipBounded(packed: Uint8Array): Uint8Array {
  try {
    return unzipSync(packed, { maxOutputLength: TL_LIMITS.unpackedBytesMax });
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const tooLarge = 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE';
    throw new TlError(tooLarge ? 'too_large' : 'malformed', `gzip_packed: ${error.message}`);
  }
}

/** A gzip body, as servers send it. */
export function gzip(body: Uint8Array): Uint8Array {
  return gzipSync(body);
}
