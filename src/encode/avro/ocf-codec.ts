import { promisify } from 'node:util';
import { constants, crc32, deflateRaw, inflateRaw, zstdCompressSync, zstdDecompress } from 'node:zlib';
import { snappyCompress } from './snappy.ts';
import { snappyDecompress } from './snappy-reader.ts';

/**
 * How blocks are compressed. zstd does it on the calling thread: a block takes a fraction of a millisecond, two thirds of what the way through
 * the thread pool costs, and only one context exists at a time, where the pool's threads keep megabytes each. Snappy is for readers that know nothing else.
 */
export const OCF_CODECS = ['zstd', 'deflate', 'snappy', 'null'] as const;
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

const unzstd = promisify(zstdDecompress);
const deflate = promisify(deflateRaw);
const inflate = promisify(inflateRaw);
const bounded = { maxOutputLength: MAX_BLOCK_BYTES };

export const CODECS: Record<OcfCodec, Codec> = {
  zstd: {
    avroName: 'zstandard',
    // The checksum costs four bytes, and a flipped bit is noticed instead of decoded. The size, known beforehand, keeps the context small.
    compress: (body) =>
      Promise.resolve(zstdCompressSync(body, { params: { [constants.ZSTD_c_checksumFlag]: 1 }, pledgedSrcSize: body.byteLength })),
    decompress: (body) => unzstd(body, bounded),
  },
  deflate: { avroName: 'deflate', compress: (body) => deflate(body), decompress: (body) => inflate(body, bounded) },
  snappy: {
    avroName: 'snappy',
    compress: (body) => Promise.resolve(Buffer.concat([snappyCompress(body), checksum(body)])),
    decompress: (body) => Promise.resolve(body).then(unsnappy),
  },
  null: {
    avroName: 'null',
    compress: (body) => Promise.resolve(body),
    decompress: (body) => Promise.resolve(Buffer.from(body.buffer, body.byteOffset, body.byteLength)),
  },
};

/** Avro has the CRC-32 of what was compressed behind it, big-endian. */
const CHECKSUM_BYTES = 4;

function checksum(body: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(CHECKSUM_BYTES);
  bytes.writeUInt32BE(crc32(body));
  return bytes;
}

function unsnappy(body: Uint8Array): Buffer {
  const end = body.length - CHECKSUM_BYTES;
  if (end < 1) throw new RangeError('it is too short');
  const content = snappyDecompress(body.subarray(0, end), MAX_BLOCK_BYTES);
  if (!checksum(content).equals(body.subarray(end))) throw new RangeError('its checksum is another');
  return content;
}
