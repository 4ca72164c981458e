/** Datagrams of a live 6.18 kernel, as received. */
export const VECTORS = {
  ACK: '4c000000030000006fdc13000000000001000000010000006fdc13000a00000028000000000000000100000011213086d5000000000000000000000000000000000000000000000000000000',
  FORK: '4c0000000300000070dc130000000000010000000100000070dc130000000000280000000100000001000000788d3086d5000000ab5d0000ab5d0000d45d0000d45d00000000000000000000',
  EXEC: '4c0000000300000071dc130000000000010000000100000071dc130000000000280000000200000001000000b1523386d5000000d45d0000d45d000000000000000000000000000000000000',
  EXIT: '4c0000000300000072dc130000000000010000000100000072dc130000000000280000000000008001000000b0013b86d5000000d45d0000d45d00000000000011000000ab5d0000ab5d0000',
} as const;

/** A datagram of the given parts; words are those of the union. */
export function datagram(parts: {
  what: number;
  words?: readonly number[];
  cpu?: number;
  seq?: number;
  ack?: number;
  ns?: bigint;
}): Buffer {
  const bytes = Buffer.alloc(76);
  bytes.writeUInt32LE(76, 0);
  bytes.writeUInt16LE(3, 4);
  bytes.writeUInt32LE(1, 16);
  bytes.writeUInt32LE(1, 20);
  bytes.writeUInt32LE((parts.seq ?? 1) >>> 0, 24);
  bytes.writeUInt32LE((parts.ack ?? 0) >>> 0, 28);
  bytes.writeUInt16LE(40, 32);
  bytes.writeUInt32LE(parts.what >>> 0, 36);
  bytes.writeUInt32LE(parts.cpu ?? 0, 40);
  bytes.writeBigUInt64LE(parts.ns ?? 1_000_000_000n, 44);
  for (const [i, word] of (parts.words ?? []).entries()) bytes.writeUInt32LE(word >>> 0, 52 + 4 * i);
  return bytes;
}

/** The bytes where decoders expect them: 4-byte aligned. */
export function aligned(bytes: Buffer): { words: Uint32Array; bytes: Buffer } {
  const memory = new ArrayBuffer(Math.ceil(bytes.length / 4) * 4);
  const copy = Buffer.from(memory, 0, bytes.length);
  bytes.copy(copy);
  return { words: new Uint32Array(memory), bytes: copy };
}
