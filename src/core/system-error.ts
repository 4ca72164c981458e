import { AgentError } from './errors.ts';
import { escapeText } from './text.ts';

/** Name of the system's error ("ENOSPC"), or undefined where it is none. */
export function errnoName(error: unknown): string | undefined {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && /^E[A-Z0-9]+$/.test(code) ? code : undefined;
}

/** No room on the disk: the file itself is as good as another, and the same write may succeed later. */
export function isNoSpace(errno: string | undefined): boolean {
  return errno === 'ENOSPC' || errno === 'EDQUOT';
}

/** From fsync(2) of a folder: some network and user-space file systems cannot do it; there is nothing more to be had from them. */
export function cannotSyncFolders(error: unknown): boolean {
  return errnoName(error) === 'EINVAL';
}

const FIXES: Readonly<Record<string, string>> = {
  ENOSPC: 'free space on that file system',
  EDQUOT: 'raise the disk quota of this user, or remove files of theirs',
  EFBIG: 'raise the limit on file sizes (ulimit -f)',
  EROFS: 'make the file system writable again (the kernel log says why it is not), or choose another path',
  EIO: 'check the disk (the kernel log says more), or choose a path on another one',
  EACCES: 'give it to the user the agent runs as, or choose another path',
  EPERM: 'give it to the user the agent runs as, or choose another path',
  ENOTDIR: 'choose a path below folders only',
  ENAMETOOLONG: 'choose a shorter path',
  EMFILE: 'raise the limit on open files (ulimit -n)',
  ENFILE: 'raise the limit on open files of the whole system (sysctl fs.file-max)',
};

/** What was tried, as a verb, and with which path. */
export interface FileAction {
  readonly action: string;
  readonly path: string;
}

/** FILE_IO from what a call of the system threw; `context` carries `path` and `errno` (null where unknown). */
export function fileError({ action, path }: FileAction, cause: unknown): AgentError {
  const errno = errnoName(cause);
  const reason = errno ?? (cause instanceof Error ? cause.message : String(cause));
  const fix = errno === undefined ? undefined : FIXES[errno];
  return new AgentError('FILE_IO', `cannot ${action} ${escapeText(path)}: ${reason}`, {
    cause,
    context: { path, errno: errno ?? null },
    ...(fix === undefined ? {} : { fix }),
  });
}
