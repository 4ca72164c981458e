/*
 * `position`: how far the reader is. Two slots of 4096 bytes, written in turn, so that a write that is cut off leaves the one before. Little endian.
 *
 *    0  u32 CRC-32C of all that follows in the slot, as far as it is used
 *    4  "FCSP"
 *    8  u64 generation: of two sound slots the higher counts
 *   16  u64 segment · u32 offset: the first frame that is not done, or the end of what there was
 *   28  u32 records of that segment that lie before
 *   32  16 bytes agent_id · u64 sequence: the highest that is done, of the newest run. All zero: none yet
 *   56  u32 entries · entry*: frames beyond the offset that are done already
 *   entry = u64 segment · u32 offset · u32 records
 *
 * It is written at each change and never synced: a killed process leaves it as it was, and a power cut costs no more than duplicates.
 */
import { crc32c } from '../../core/crc32c.ts';
import { readU64, writeU64 } from './segment-header.ts';
import { readUpTo, writeWhole } from './spool-fs.ts';
import type { FileId, SpoolFs } from './spool-fs.ts';

const SLOT_BYTES = 4096;
const MAGIC = 0x50534346;
const HEAD_BYTES = 60;
const ENTRY_BYTES = 16;
const MAX_ENTRIES = Math.floor((SLOT_BYTES - HEAD_BYTES) / ENTRY_BYTES);

export interface DoneFrame {
  readonly segment: number;
  readonly offset: number;
  readonly records: number;
}

export interface NewestDone {
  readonly agentId: Uint8Array;
  readonly sequence: number;
}

export interface Position {
  readonly segment: number;
  readonly offset: number;
  /** Records of the segment before the offset. */
  readonly before: number;
  readonly newest: NewestDone | undefined;
  readonly done: readonly DoneFrame[];
}

interface Slot {
  readonly generation: number;
  readonly position: Position;
}

export class PositionFile {
  readonly #fs: SpoolFs;
  readonly #file: FileId;
  readonly #slot = Buffer.alloc(SLOT_BYTES);
  #generation: number;
  /** As it was found. */
  readonly position: Position | undefined;

  private constructor(fs: SpoolFs, file: FileId, found: Slot | undefined) {
    this.#fs = fs;
    this.#file = file;
    this.#generation = found?.generation ?? 0;
    this.position = found?.position;
  }

  /** Rejects with the system's own error. */
  static async open(fs: SpoolFs, path: string): Promise<PositionFile> {
    const file = fs.open(path, 'update');
    try {
      return new PositionFile(fs, file, newest(await readUpTo(fs, file, { at: 0, length: 2 * SLOT_BYTES })));
    } catch (error) {
      fs.close(file);
      throw error;
    }
  }

  /** Throws the system's own error; then the position before this one stands. */
  write(position: Position): void {
    const generation = this.#generation + 1;
    const length = encode(this.#slot, { generation, position });
    writeWhole(this.#fs, this.#file, { bytes: this.#slot.subarray(0, length), at: (generation % 2) * SLOT_BYTES });
    this.#generation = generation;
  }

  close(): void {
    this.#fs.close(this.#file);
  }
}

/** What a position file says; undefined where it says nothing. */
export function newestPosition(bytes: Buffer): Position | undefined {
  return newest(bytes)?.position;
}

function newest(bytes: Buffer): Slot | undefined {
  const [even, odd] = [decode(bytes.subarray(0, SLOT_BYTES)), decode(bytes.subarray(SLOT_BYTES))];
  if (even === undefined || odd === undefined) return even ?? odd;
  return even.generation > odd.generation ? even : odd;
}

function encode(slot: Buffer, { generation, position }: Slot): number {
  const entries = Math.min(position.done.length, MAX_ENTRIES);
  slot.writeUInt32LE(MAGIC, 4);
  writeU64(slot, generation, 8);
  writeU64(slot, position.segment, 16);
  slot.writeUInt32LE(position.offset, 24);
  slot.writeUInt32LE(position.before, 28);
  if (position.newest === undefined) slot.fill(0, 32, 56);
  else {
    slot.set(position.newest.agentId, 32);
    writeU64(slot, position.newest.sequence, 48);
  }
  slot.writeUInt32LE(entries, 56);
  let at = HEAD_BYTES;
  for (let i = 0; i < entries; i += 1) {
    const entry = position.done[i] as DoneFrame;
    writeU64(slot, entry.segment, at);
    slot.writeUInt32LE(entry.offset, at + 8);
    slot.writeUInt32LE(entry.records, at + 12);
    at += ENTRY_BYTES;
  }
  slot.writeUInt32LE(crc32c(slot.subarray(0, at), 4), 0);
  return at;
}

function decode(slot: Buffer): Slot | undefined {
  if (slot.length < HEAD_BYTES || slot.readUInt32LE(4) !== MAGIC) return undefined;
  const end = HEAD_BYTES + slot.readUInt32LE(56) * ENTRY_BYTES;
  if (end > slot.length || crc32c(slot.subarray(0, end), 4) !== slot.readUInt32LE(0)) return undefined;
  const done: DoneFrame[] = [];
  for (let at = HEAD_BYTES; at < end; at += ENTRY_BYTES)
    done.push({ segment: readU64(slot, at), offset: slot.readUInt32LE(at + 8), records: slot.readUInt32LE(at + 12) });
  const sequence = readU64(slot, 48);
  const position = {
    segment: readU64(slot, 16),
    offset: slot.readUInt32LE(24),
    before: slot.readUInt32LE(28),
    newest: sequence === 0 ? undefined : { agentId: Buffer.from(slot.subarray(32, 48)), sequence },
    done,
  };
  return { generation: readU64(slot, 8), position };
}
