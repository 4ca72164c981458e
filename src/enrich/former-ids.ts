/**
 * Which ids a process had before a set-id image changed them. The kernel tells of the change (UID, GID) before it tells of the exec, as commit_creds() comes early in
 * it; what the record of the exec says is of after it.
 */
import type { ExecInfo } from '../core/event.ts';
import type { Captured } from './captured.ts';
import type { Stamp } from './start-time.ts';
import type { Entry } from './table/entry.ts';

/** Between the change and the EXEC the image is loaded, from a disk at worst. */
const LOADING_NS = 50e6;
/** User and group ids are told one after the other. */
const TOGETHER_NS = 1e6;

/** To be called before the entry takes over what a message says. */
export function noteFormerIds(entry: Entry, atNs: number): void {
  if (entry.formerIds !== null && atNs - entry.formerIds.atNs < TOGETHER_NS) return;
  entry.formerIds = { uid: entry.uid, gid: entry.gid, euid: entry.euid, egid: entry.egid, atNs };
}

/** null where none changed, and where nobody can tell. To be called before the entry takes over what was captured. */
export function idsBefore(entry: Entry, { exeFile, status }: Captured, { monotonicNs }: Stamp): ExecInfo['before'] {
  const isSetId = exeFile?.setuid === true || exeFile?.setgid === true;
  if (!isSetId || status === undefined) return null;
  const { formerIds } = entry;
  const isOfThisExec = formerIds !== null && monotonicNs - formerIds.atNs < LOADING_NS;
  const { uid, gid, euid, egid } = isOfThisExec ? formerIds : entry;
  if (uid === null || gid === null || euid === null || egid === null) return null;
  // The file changes effective ids only: real ones are changed by the process itself.
  const isOfFile = uid === status.uid && gid === status.gid && (euid !== status.euid || egid !== status.egid);
  return isOfFile ? { uid, gid, euid, egid } : null;
}
