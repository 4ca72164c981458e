import kafkajs from 'kafkajs';
import { CODECS } from '../protocol/codecs.ts';
import type { Compression } from '../settings.ts';

const { CompressionCodecs, CompressionTypes } = kafkajs;

export const TYPES: Readonly<Record<Compression, number>> = {
  none: CompressionTypes.None,
  gzip: CompressionTypes.GZIP,
  snappy: CompressionTypes.Snappy,
  lz4: CompressionTypes.LZ4,
  zstd: CompressionTypes.ZSTD,
};

/** kafkajs itself has gzip only. */
export function registerCodec(compression: Compression): void {
  const { attribute, compress } = CODECS[compression];
  if (attribute === 0) return;
  const codecs: Record<number, () => unknown> = CompressionCodecs;
  codecs[TYPES[compression]] = () => ({
    compress: ({ buffer }: { buffer: Buffer }) => Promise.resolve(Buffer.from(compress(buffer))),
    decompress: () => Promise.reject(new Error('a producer decompresses nothing')),
  });
}
