import { AgentError } from '../core/errors.ts';
import { escapeText } from '../core/text.ts';
import { isUuidText, uuidBytes } from '../core/uuid.ts';
import type { Decoded } from '../encode/avro/decoded.ts';
import { decode } from '../encode/decode.ts';
import type { Place } from '../verify/evidence.ts';
import type { Verifier } from '../verify/verifier.ts';
import { unreadable } from './decode-input.ts';
import type { CliIo } from './io.ts';
import { print } from './print.ts';
import { styleFor } from './style.ts';
import { evidenceOf } from './verify-evidence.ts';
import { listEventFiles, readEventFile, seriesOf } from './verify-files.ts';
import type { EventFile } from './verify-files.ts';
import type { Reading } from './verify-reading.ts';

interface Count {
  records: number;
  /** Bytes in the middle of files that were passed over: what was in them is missing. */
  damaged: number;
  /** Files that end within a record: being written, or left so by a crash. */
  unfinished: number;
}

interface Run {
  readonly io: CliIo;
  readonly count: Count;
}

/** All records of event files, into the verifier. Throws FILE_NOT_FOUND, FILE_IO and FILE_CORRUPT. */
export async function readFiles(verifier: Verifier, paths: readonly string[], io: CliIo): Promise<Reading> {
  const files = await listEventFiles(paths);
  const nowUs = Date.now() * 1000;
  const count: Count = { records: 0, damaged: 0, unfinished: 0 };
  for (const file of files) await readInto(verifier, file, { io, count });
  const { records, damaged, unfinished } = count;
  return {
    nowUs,
    records,
    where: files.length === 1 ? '1 file' : `${files.length} files`,
    trouble: damaged === 0 ? null : 'parts of the files cannot be read',
    facts: { files: files.length, records, damaged_bytes: damaged, unfinished },
  };
}

async function readInto(verifier: Verifier, file: EventFile, run: Run): Promise<void> {
  const { count } = run;
  const series = seriesOf(file);
  const part = series === undefined ? {} : { file: series };
  let place: Place = { place: 'files', sink: null, ...part };
  const onMeta = (meta: ReadonlyMap<string, Buffer>): void => {
    const sink = meta.get('sink_id')?.toString() ?? '';
    if (isUuidText(sink)) place = { place: sink, sink: uuidBytes(sink), ...part };
  };
  try {
    for await (const item of decode(readEventFile(file), onMeta)) {
      if (item.what === 'event') {
        count.records += 1;
        verifier.add(evidenceOf(item.event), place);
      } else await note(file, item, run);
    }
  } catch (error) {
    throw notVerified(file.path, error);
  }
}

async function note({ path }: EventFile, item: Exclude<Decoded, { what: 'event' }>, { io, count }: Run): Promise<void> {
  const style = styleFor(io.stderr, io.env);
  const name = escapeText(path);
  if (item.what === 'torn') {
    count.unfinished += 1;
    const state = item.bytes === 0 ? 'is empty' : `ends within a block: its last ${item.bytes} bytes are left out`;
    await print(io.stderr, `${style.yellow('note')}: ${name} ${state}; it is being written, or its writer was killed\n`);
    return;
  }
  count.damaged += item.bytes;
  const text = `${name} is damaged at byte ${item.at}: ${item.bytes} bytes are left out (${escapeText(item.reason)})`;
  await print(io.stderr, `${style.red('error')}: ${text}\n`);
}

function notVerified(path: string, error: unknown): AgentError {
  if (!(error instanceof AgentError)) return unreadable(path, error);
  return new AgentError(error.code, `cannot verify ${path}: ${error.message}`, {
    cause: error,
    context: { path },
    fix: error.fix ?? 'Name event files of forkcast (*.avro), or the folder they are in.',
  });
}
