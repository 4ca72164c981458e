import { constants, gzipSync, zstdCompressSync } from 'node:zlib';
import { lz4Compress, snappyCompress } from '@platformatic/wasm-utils';
import type { Compression } from '../settings.ts';

/** How the records of a batch are compressed together. */
export interface Codec {
  /** Bits 0 to 2 of a batch's attributes. */
  readonly attribute: number;
  /** May return what it was given. */
  readonly compress: (bytes: Buffer) => Uint8Array;
}

/** Level 1: a spool and a broker on the same machine share two cores with it, and higher levels gain a few per cent. */
const ZSTD = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };

export const CODECS: Readonly<Record<Compression, Codec>> = {
  none: { attribute: 0, compress: (bytes) => bytes },
  gzip: { attribute: 1, compress: (bytes) => gzipSync(bytes) },
  snappy: { attribute: 2, compress: (bytes) => snappyCompress(bytes) },
  lz4: { attribute: 3, compress: (bytes) => lz4Compress(bytes) },
  zstd: { attribute: 4, compress: (bytes) => zstdCompressSync(bytes, ZSTD) },
};
