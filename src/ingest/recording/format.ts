/*
 * A recording: all that the ingest thread heard, frame by frame as it was in the ring, so that the same code reads it again. Numbers are little endian.
 *
 *   file    = magic section*
 *   magic   = 89 "FCR" 0d 0a 1a 0a: not text, and mangled by whatever takes it for text
 *   section = u32 type · u32 stored bytes · u32 plain bytes · u32 CRC-32 of the twelve bytes before and of the stored ones · stored bytes
 *
 *   1 HEADER  the first section: JSON, see header.ts. stored = plain
 *   2 FRAMES  zstd of frames, one after the other: u32 bytes of the body (a multiple of 8) · u32 0 · body, as in proc-connector/frame.ts
 *   3 END     the last section: JSON, see end.ts. stored = plain
 *
 * `format` in the header is the version of all of this, the layout of frames and captures included: 2 added what the kernel itself recorded of processes, and more of their files. A file without END is torn, whether it ends
 * between two sections or within one: its writer was killed. What is whole before is sound.
 */
import { crc32 } from 'node:zlib';

export const MAGIC = Buffer.from('894643520d0a1a0a', 'hex');
export const FORMAT = 2;

export const Section = { HEADER: 1, FRAMES: 2, END: 3 } as const;
export const SECTION_HEAD_BYTES = 16;
export const FRAME_HEAD_BYTES = 8;
/** Frames are gathered to this before they are written: enough to compress well. */
export const BLOCK_BYTES = 256 << 10;
/** No section of ours is larger: a frame with the longest arguments that can be configured has 2 MiB. */
export const MAX_SECTION_BYTES = 16 << 20;

export interface SectionHead {
  readonly type: number;
  readonly stored: number;
  readonly plain: number;
  readonly crc: number;
}

export function isRecording(start: Uint8Array): boolean {
  return start.length >= MAGIC.length && MAGIC.equals(start.subarray(0, MAGIC.length));
}

export function sectionBytes(type: number, stored: Uint8Array, plainBytes: number): Buffer {
  const section = Buffer.allocUnsafe(SECTION_HEAD_BYTES + stored.length);
  section.writeUInt32LE(type, 0);
  section.writeUInt32LE(stored.length, 4);
  section.writeUInt32LE(plainBytes, 8);
  section.set(stored, SECTION_HEAD_BYTES);
  section.writeUInt32LE(checksum(section, stored), 12);
  return section;
}

export function parseSectionHead(head: Buffer): SectionHead {
  return { type: head.readUInt32LE(0), stored: head.readUInt32LE(4), plain: head.readUInt32LE(8), crc: head.readUInt32LE(12) };
}

export function checksum(head: Uint8Array, stored: Uint8Array): number {
  return crc32(stored, crc32(head.subarray(0, 12)));
}
