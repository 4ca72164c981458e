import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { open } from 'node:fs/promises';
import { AgentError } from '../../core/errors.ts';
import { errnoName, fileError } from '../../core/system-error.ts';
import { escapeText } from '../../core/text.ts';
import type { RecordingHeader } from './header.ts';
import { RecordingReader } from './reader.ts';

/** An open recording; whoever opened it closes it. */
export interface RecordingFile {
  readonly reader: RecordingReader;
  close(): Promise<void>;
}

/** Opens the recording at `path` and reads its header. Throws FILE_NOT_FOUND, FILE_IO, FILE_CORRUPT and FILE_TOO_NEW. */
export async function openRecording(path: string): Promise<RecordingFile> {
  const file = await openFile(path);
  try {
    if (!(await file.stat()).isFile()) throw notFile(path);
    return { reader: await RecordingReader.open((length) => readFully(file, length, path), path), close: () => file.close() };
  } catch (error) {
    await file.close();
    throw error;
  }
}

export async function readRecordingHeader(path: string): Promise<RecordingHeader> {
  const file = await openRecording(path);
  await file.close();
  return file.reader.header;
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    // A fifo would make it wait for a writer.
    return await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (errnoName(error) !== 'ENOENT') throw fileError({ action: 'read', path }, error);
    throw new AgentError('FILE_NOT_FOUND', `cannot read ${escapeText(path)}: there is no such file`, {
      cause: error,
      context: { path },
      fix: 'Check the path.',
    });
  }
}

function notFile(path: string): AgentError {
  return new AgentError('FILE_IO', `cannot read ${escapeText(path)}: it is not a regular file`, {
    context: { path },
    fix: 'Name a file that forkcast record has written.',
  });
}

async function readFully(file: FileHandle, length: number, path: string): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length);
  let got = 0;
  try {
    while (got < length) {
      const { bytesRead } = await file.read(bytes, got, length - got);
      if (bytesRead === 0) break;
      got += bytesRead;
    }
  } catch (error) {
    throw fileError({ action: 'read', path }, error);
  }
  return bytes.subarray(0, got);
}
