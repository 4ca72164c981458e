import { ExecFlag, Exec, Tail } from './layout.ts';
import type { ExecRecord, RecordMemory } from './record.ts';

/** Where it was written, and where it was cut: bytes of it that are from before the cut, 0 when nothing is missing. */
export interface WrittenArgs {
  readonly bytes: number;
  readonly cut: number;
}

const UNREADABLE: WrittenArgs = { bytes: -1, cut: 0 };

/** True when the record holds the whole of it. */
export function isWhole(record: ExecRecord): boolean {
  return !record.has(ExecFlag.ARGS_FAULT) && keptBytes(record) === record.u32(Exec.ARGS_TOTAL);
}

function keptBytes(record: ExecRecord): number {
  return record.u32(Exec.ARGS_BYTES) + (record.tail.length === 0 ? 0 : record.tail.u32(Tail.BYTES));
}

/**
 * Writes the command line at `position`. A long one lacks its middle: it is cut between two arguments, except that a long argument in which the cut lies keeps
 * its begin. `bytes` is −1 when the kernel could not read it.
 */
export function writeArgs(target: RecordMemory, position: number, record: ExecRecord): WrittenArgs {
  if (record.has(ExecFlag.ARGS_FAULT)) return UNREADABLE;
  const headBytes = record.u32(Exec.ARGS_BYTES);
  record.bytes.copy(target.bytes, position, record.argsAt, record.argsAt + headBytes);
  if (headBytes === record.u32(Exec.ARGS_TOTAL)) return { bytes: headBytes, cut: 0 };
  if (isWhole(record)) {
    copyTail(target.bytes, position + headBytes, { record, from: 0 });
    return { bytes: record.u32(Exec.ARGS_TOTAL), cut: 0 };
  }
  const cut = endHead(target.bytes, position, headBytes);
  const from = record.tail.length === 0 ? -1 : firstWholeArgument(record);
  const tailBytes = from < 0 ? 0 : copyTail(target.bytes, position + cut, { record, from });
  return { bytes: cut + tailBytes, cut };
}

function copyTail(to: Buffer, position: number, { record: { tail }, from }: { record: ExecRecord; from: number }): number {
  const at = tail.at + Tail.TEXT;
  return tail.bytes.copy(to, position, at + from, at + tail.u32(Tail.BYTES));
}

/** Where the first argument begins that is whole; −1 for none. */
function firstWholeArgument({ tail }: ExecRecord): number {
  const at = tail.at + Tail.TEXT;
  const nul = tail.bytes.subarray(at, at + tail.u32(Tail.BYTES)).indexOf(0);
  return nul < 0 ? -1 : nul + 1;
}

/** Ends what is kept of the begin with a NUL, and returns its length: a partial argument goes unless it is the greater part of all. */
function endHead(bytes: Buffer, position: number, length: number): number {
  const whole = bytes.subarray(position, position + length).lastIndexOf(0) + 1;
  if (whole >= length / 2) return whole;
  // The NUL takes the place of the last byte, so that the length never grows.
  const end = wholeCharacters(bytes, position, length - 1);
  bytes[position + end] = 0;
  return end + 1;
}

/** Without a UTF-8 sequence at the end that is not finished; what is no UTF-8 anyway stays. */
function wholeCharacters(bytes: Buffer, position: number, length: number): number {
  for (let back = 1; back <= 3 && back < length; back += 1) {
    const byte = bytes[position + length - back] as number;
    if (byte < 0x80) return length;
    if (byte >= 0xc0) return (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2) > back ? length - back : length;
  }
  return length;
}
