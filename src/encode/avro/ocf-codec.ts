import { promisify } from 'node:util';
import { constants, deflateRaw, inflateRaw, zstdCompress, zstdDecompress } from 'node:zlib';

/**
 * How blocks are compressed. Off the main thread, but for `null`. Snappy is left out: no small, well-kept library without dependencies
 * exists.
 */
export const OCF_CODECS = ['zstd', 'deflate', 'null'] as const;
export type OcfCodec = (typeof OCF_CODECS)[number];

/** No block of ours is larger, compressed or not; what claims to be is damage. */
export const MAX_BLOCK_BYTES = 64 * 1024 * 1024;

interface Codec {
  /** The value of `avro.codec`. */
  readonly avroName: string;
  readonly compress: (body: Uint8Array) => Promise<Uint8Array>;
  /** Rejects on damaged input and when more than MAX_BLOCK_BYTES come out. */
  readonly decompress: (body: Uint8Array) => Promise<Buffer>;
}

const zstd = promisify(zstdCompress);
const unzstd = promisify(zstdDecompress);
const deflate = promisify(deflateRaw);
const inflate = promisify(inflateRaw);
const bounded = { maxOutputLength: MAX_BLOCK_BYTES };

export const CODECS: Record<OcfCodec, Codec> = {
  zstd: {
    avroName: 'zstandard',
    // Four bytes more, and a flipped bit is noticed instead of decoded.
    compress: (body) => zstd(body, { params: { [constants.ZSTD_c_checksumFlag]: 1 } }),
    decompress: (body) => unzstd(body, bounded),
  },
  deflate: { avroName: 'deflate', compress: (body) => deflate(body), decompress: (body) => inflate(body, bounded) },
  null: {
    avroName: 'null',
    compress: (body) => Promise.resolve(body),
    decompress: (body) => Promise.resolve(Buffer.from(body.buffer, body.byteOffset, body.byteLength)),
  },
};
