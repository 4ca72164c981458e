import { lstat } from 'node:fs/promises';
import { AgentError } from '../../core/errors.ts';

/** Name of the system error ("ENOSPC"), or undefined where it is none. */
export function errnoOf(error: unknown): string | undefined {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}

/** No room on the disk: the file itself is as good as another, and the same write may succeed later. */
export function isNoSpace(errno: string | undefined): boolean {
  return errno === 'ENOSPC' || errno === 'EDQUOT';
}

const FIXES: Readonly<Record<string, string>> = {
  ENOSPC: 'free space on that file system, or lower keep; writing goes on by itself',
  EDQUOT: 'raise the disk quota of this user, or lower keep; writing goes on by itself',
  EFBIG: 'raise the limit on file sizes (ulimit -f), or lower rotate.max_size; writing goes on in a new file',
  EROFS: 'make the file system writable again (the kernel log says why it is not), or choose another path',
  EIO: 'check the disk (the kernel log says more), or choose a path on another one',
  EACCES: 'give the folder back to the user the agent runs as, or choose another path',
  EPERM: 'give the folder back to the user the agent runs as, or choose another path',
  EMFILE: 'raise the limit on open files (ulimit -n)',
  ENFILE: 'raise the limit on open files of the whole system (sysctl fs.file-max)',
};

/** FILE_IO from a failed system call: `action` is a verb ("write"), `path` what it was done to. */
export function fileError(action: string, path: string, cause: unknown): AgentError {
  const errno = errnoOf(cause);
  const reason = errno ?? (cause instanceof Error ? cause.message : String(cause));
  const fix = errno === undefined ? undefined : FIXES[errno];
  return new AgentError('FILE_IO', `cannot ${action} ${path}: ${reason}`, {
    cause,
    context: { path, errno: errno ?? null },
    ...(fix === undefined ? {} : { fix }),
  });
}

/** Whether the path names anything, a dangling link included. Throws FILE_IO. */
export async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw fileError('look at', path, error);
  }
}
