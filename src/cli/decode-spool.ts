import { AgentError } from '../core/errors.ts';
import type { Encoded } from '../core/encoded.ts';
import type { AnyEvent } from '../core/any-event.ts';
import { newestReader } from '../encode/avro/record-reader.ts';
import { isNewestAvro, isText } from '../encode/record-format.ts';
import { FrameType, decodeFrame } from '../queue/spool/frame.ts';
import { FrameWalk } from '../queue/spool/frame-walk.ts';
import { parseHeader } from '../queue/spool/segment-header.ts';

export interface SegmentOutput {
  readonly event: (event: AnyEvent) => Promise<void>;
  /** A record that is a line of text already; its end is included. */
  readonly line: (line: Uint8Array) => Promise<void>;
  /** `torn`: the bytes are at the end, as a crash leaves them, or a file that is being written has. */
  readonly note: (item: {
    readonly what: 'torn' | 'corrupt';
    readonly at: number;
    readonly bytes: number;
    readonly reason: string;
  }) => Promise<void>;
  /** Nobody reads any more. */
  readonly over: () => boolean;
}

/** The events of a segment of a spool, in order. Throws FILE_CORRUPT and FILE_TOO_NEW where it cannot be read at all. */
export async function decodeSegment(input: AsyncIterable<Uint8Array>, output: SegmentOutput): Promise<void> {
  const chunks: Uint8Array[] = [];
  // A few of 16 MiB at most, and a frame: no reason to read it in parts.
  for await (const chunk of input) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  const parsed = parseHeader(bytes);
  if (parsed.what !== 'header') throw unreadable(parsed);
  const { number, agentId, format } = parsed.header;
  const fs = { read: (_: number, into: Uint8Array, at: number) => Promise.resolve(bytes.copy(into, 0, at, at + into.length)) };
  const walk = new FrameWalk(fs, 0, { walked: { number, end: bytes.length }, at: parsed.bytes });
  while (!walk.atEnd && !output.over()) {
    for (let found = walk.take(); found !== undefined; found = walk.take()) {
      if (found.head.type !== FrameType.BATCH) continue;
      const { items } = decodeFrame(found.frame, found.head, { agentId, format });
      for (const item of items) await put(item, format, output);
    }
    const damage = walk.atEnd ? undefined : await walk.load();
    if (damage === undefined) continue;
    const { from, to } = damage;
    const what = to === bytes.length ? 'torn' : 'corrupt';
    await output.note({ what, at: from, bytes: to - from, reason: 'no sound frame of the segment' });
  }
}

async function put({ stream, bytes }: Encoded, format: string, output: SegmentOutput): Promise<void> {
  if (isText(format)) return output.line(asLine(bytes));
  if (!isNewestAvro(format, stream)) throw foreignFormat(format);
  const record = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const read = newestReader(stream).read(record, 0);
  if (read === undefined) throw new AgentError('FILE_CORRUPT', 'a record in it ends before its schema does');
  return output.event(read.event);
}

const LINE_END = 0x0a;

/** Records that are JSON have no line end; those of earlier versions, and lines, have one. */
const asLine = (bytes: Uint8Array): Uint8Array => (bytes.at(-1) === LINE_END ? bytes : Buffer.concat([bytes, Buffer.of(LINE_END)]));

function foreignFormat(format: string): AgentError {
  return new AgentError('FILE_TOO_NEW', `its records are ${format}, which this version does not read`, {
    context: { format },
    fix: 'Use the forkcast that wrote it.',
  });
}

function unreadable(parsed: Exclude<ReturnType<typeof parseHeader>, { what: 'header' }>): AgentError {
  if (parsed.what === 'too_new')
    return new AgentError('FILE_TOO_NEW', `it is a segment of format ${parsed.version}`, { fix: 'Use the forkcast that wrote it.' });
  const why = parsed.what === 'torn' ? 'it ends within its header' : 'its header is damaged';
  return new AgentError('FILE_CORRUPT', `it is a segment of a spool, but ${why}`);
}
