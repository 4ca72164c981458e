import { createReadStream } from 'node:fs';
import { open, readdir, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { AgentError } from '../core/errors.ts';
import type { RecordStream } from '../core/event.ts';
import { errnoName } from '../core/system-error.ts';
import type { Place } from '../verify/evidence.ts';
import { unreadable } from './decode-input.ts';

const READ_BYTES = 256 * 1024;
const OPEN_SUFFIX = '.open';
/** `<stream>-<created>-…` as the file sink names them, with the suffix while they are written. */
const EVENT_FILE = /^(process|agent)-(\d{8}T\d{6}Z)-.*\.avro(\.open)?$/;
const NUMBERED = /^(process|agent)-(\d{8}T\d{6}Z)-[0-9a-f]{8}-(\d{6,9})\.avro(?:\.open)?$/;

/** A file as long as it was when the check began: what is written later is not part of it. */
export interface EventFile {
  readonly path: string;
  readonly bytes: number;
}

/**
 * The files of `paths`, and of folders the event files in and below them. They come in the order in which a proof takes least memory: folder by
 * folder, by time, and what the agent says of itself before the events that it is about. Throws FILE_NOT_FOUND and FILE_IO.
 */
export async function listEventFiles(paths: readonly string[]): Promise<EventFile[]> {
  const names = new Set<string>();
  for (const path of paths) for (const name of await namesOf(path)) names.add(name);
  const files: EventFile[] = [];
  for (const name of [...names].toSorted(compare)) {
    const file = await present(name);
    if (file !== undefined) files.push(file);
  }
  return files;
}

/** Its place among the files of its sink, where its name tells. */
export function seriesOf({ path }: EventFile): Place['file'] {
  const [, stream, created, number] = NUMBERED.exec(basename(path)) ?? [];
  if (stream === undefined || created === undefined || number === undefined) return undefined;
  return { stream: stream as RecordStream, number: Number(number), age: `${created}-${number.padStart(9, '0')}` };
}

/** The bytes of a file, up to the length it had. */
export async function* readEventFile({ path, bytes }: EventFile): AsyncGenerator<Uint8Array> {
  if (bytes === 0) return;
  const handle = await openFile(path);
  try {
    yield* createReadStream('', { fd: handle, autoClose: false, end: bytes - 1, highWaterMark: READ_BYTES }) as AsyncIterable<Uint8Array>;
  } finally {
    await handle.close();
  }
}

async function namesOf(path: string): Promise<string[]> {
  let names: string[];
  try {
    if (!(await stat(path)).isDirectory()) return [path];
    names = await readdir(path, { recursive: true });
  } catch (error) {
    throw unreadable(path, error);
  }
  const found = names.filter((name) => EVENT_FILE.test(basename(name))).map((name) => join(path, name));
  if (found.length > 0) return found;
  throw new AgentError('FILE_NOT_FOUND', `there are no event files in ${path}`, {
    context: { path },
    fix: 'Name the folder that a file sink writes to (sinks.<name>.path), or single files.',
  });
}

function compare(a: string, b: string): number {
  return byText(dirname(a), dirname(b)) || byText(createdOf(a), createdOf(b)) || byText(a, b);
}

const byText = (a: string, b: string): number => (a === b ? 0 : a < b ? -1 : 1);
const createdOf = (path: string): string => EVENT_FILE.exec(basename(path))?.[2] ?? '';

/** undefined where retention took it meanwhile. A file that was finished meanwhile has lost its suffix. */
async function present(path: string): Promise<EventFile | undefined> {
  try {
    return { path, bytes: (await stat(path)).size };
  } catch (error) {
    if (errnoName(error) !== 'ENOENT') throw unreadable(path, error);
    return path.endsWith(OPEN_SUFFIX) ? present(path.slice(0, -OPEN_SUFFIX.length)) : undefined;
  }
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    return await open(path);
  } catch (error) {
    if (errnoName(error) === 'ENOENT' && path.endsWith(OPEN_SUFFIX)) return open(path.slice(0, -OPEN_SUFFIX.length));
    throw error;
  }
}
