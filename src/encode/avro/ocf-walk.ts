import type { Ask } from './byte-window.ts';
import type { Corrupt, Torn } from './decoded.ts';
import { MAX_BLOCK_BYTES } from './ocf-codec.ts';
import { Cursor, EndOfBytes, hasOcfMagic, MAX_HEADER_BYTES, parseOcfHeader, SYNC_BYTES } from './ocf-header.ts';

export interface OcfBlock {
  readonly what: 'block';
  readonly at: number;
  readonly count: number;
  /** The compressed records are `size` bytes from here. */
  readonly bodyAt: number;
  readonly size: number;
  readonly end: number;
}

export type OcfFound =
  | { readonly what: 'header'; readonly meta: ReadonlyMap<string, Buffer>; readonly end: number }
  | { readonly what: 'unreadable'; readonly at: number; readonly reason: string }
  | OcfBlock
  | Torn
  | Corrupt;

export type OcfAsk = Ask & { readonly what: 'ask' };
type Walk<T> = Generator<OcfAsk | OcfFound, T, Uint8Array>;

/** Two varints. */
const BLOCK_HEAD_BYTES = 20;
/** Less than any header. Each parse begins anew, so each gets twice the bytes: asking for just what is missing would take as many parses as there are entries. */
const LEAST_HEADER_BYTES = 32;
const SCAN_BYTES = 64 * 1024;

const ask = (at: number, length: number, keep = at): OcfAsk => ({ what: 'ask', at, length, keep });

/**
 * A walk over a container file, fed with the bytes it asks for: the same for files, streams and crash recovery. An answer shorter than
 * asked for means the end of the file. It never asks for the bodies of blocks: who wants them reads them when told of the block. A file
 * appended to another is read on.
 */
export function* walkOcf(): Walk<void> {
  let at: number | undefined = 0;
  let sync: Buffer | undefined;
  while (at !== undefined) {
    const head: Uint8Array = yield ask(at, BLOCK_HEAD_BYTES);
    if (head.length === 0 && sync !== undefined) return;
    // Where a block begins, the magic would be a count of −40: a second file begins.
    if (sync === undefined || hasOcfMagic(head)) ({ at, sync } = yield* walkHeader(at));
    else at = (yield* walkBlock(at, head, sync)) ?? (yield* resume(at, sync));
  }
}

type AfterHeader = { at: number; sync: Buffer } | { at: undefined; sync: undefined };
const NOWHERE: AfterHeader = { at: undefined, sync: undefined };

function* walkHeader(at: number): Walk<AfterHeader> {
  let needed = LEAST_HEADER_BYTES;
  for (let length = needed; needed <= MAX_HEADER_BYTES; length = Math.min(Math.max(needed, 2 * length), MAX_HEADER_BYTES)) {
    const bytes = yield ask(at, length);
    try {
      const { meta, sync, length: size } = parseOcfHeader(bytes);
      yield { what: 'header', meta, end: at + size };
      return { at: at + size, sync };
    } catch (error) {
      if (!(error instanceof EndOfBytes)) {
        yield { what: 'unreadable', at, reason: (error as Error).message };
        return NOWHERE;
      }
      if (bytes.length < length) {
        yield { what: 'torn', at, bytes: bytes.length };
        return NOWHERE;
      }
      needed = error.needed;
    }
  }
  yield { what: 'unreadable', at, reason: `its header has no end within ${MAX_HEADER_BYTES} bytes` };
  return NOWHERE;
}

/** The end of the block at `at`; undefined when there is no whole one. */
function* walkBlock(at: number, head: Uint8Array, sync: Buffer): Walk<number | undefined> {
  const cursor = new Cursor(head);
  let count: number;
  let size: number;
  try {
    count = cursor.long();
    size = cursor.long();
  } catch {
    // Not a block's head, whatever it is: looked into by `resume`.
    return undefined;
  }
  if (count < 0 || size < 0 || size > MAX_BLOCK_BYTES) return undefined;
  const bodyAt = at + cursor.at;
  const marker = yield ask(bodyAt + size, SYNC_BYTES, at);
  if (!sync.equals(marker)) return undefined;
  const end = bodyAt + size + SYNC_BYTES;
  yield { what: 'block', at, count, bodyAt, size, end };
  return end;
}

/** Where reading goes on after damage at `at`: behind the next sync marker. Without one, it was the tail that a crash left. */
function* resume(at: number, sync: Buffer): Walk<number | undefined> {
  for (let from = at; ; from += SCAN_BYTES - SYNC_BYTES + 1) {
    const bytes = yield ask(from, SCAN_BYTES);
    const found = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).indexOf(sync);
    if (found >= 0) {
      const next = from + found + SYNC_BYTES;
      yield { what: 'corrupt', at, bytes: next - at, reason: 'not a block that ends with the sync marker' };
      return next;
    }
    if (bytes.length < SCAN_BYTES) {
      yield { what: 'torn', at, bytes: from + bytes.length - at };
      return undefined;
    }
  }
}
