/**
 * Pieces of `/proc/<pid>` that are read after those that vanish first, and only where they say something (µs on the machine where they were
 * measured, beside 40 for all others):
 *
 *   exe      stat through the link      3.4   always: the path means nothing outside of the process's mount namespace
 *   session  sessionid                  8     where somebody logged in: the audit session is set together with the login uid
 *   pidNs    ns/pid                     7     where the process has a pid of its own in an inner namespace
 *   streams  fd/0, fd/1                20     for shells
 *   environ  environ                    7+    where names were chosen
 *
 * Each function writes at `at` and returns the number of bytes, or −errno. None throws what is not a bug.
 */
import { readlinkSync, statSync } from 'node:fs';
import { constants } from 'node:os';
import { EXE_STAT_BYTES, writeExeStat } from '../../core/exe-stat.ts';
import { errnoOf, filePiece, linkPiece } from './piece.ts';

const { ENOENT } = constants.errno;
/** No link of these is longer: "socket:[4294967295]". A longer one is a file's path, of which the beginning is enough. */
const MAX_LINK_BYTES = 255;

/** @param directory with a closing slash: `/proc/<pid>/` */
export function copyExeStat(directory: string, target: DataView, at: number): number {
  try {
    const stat = statSync(`${directory}exe`, { throwIfNoEntry: false });
    if (stat === undefined) return -ENOENT;
    const { ino: inode, dev: device, mtimeMs, size, mode, nlink: links } = stat;
    writeExeStat(target, at, { inode, device, mtime: Math.floor(mtimeMs * 1000), size, mode, links });
    return EXE_STAT_BYTES;
  } catch (error) {
    return -errnoOf(error);
  }
}

/** Where the standard input and output lead, NUL between them; an empty text for one that is closed. */
export function copyStreams(directory: string, target: Buffer, at: number): number {
  try {
    const input = linkOf(`${directory}fd/0`);
    const output = linkOf(`${directory}fd/1`);
    target.set(input, at);
    target[at + input.length] = 0;
    target.set(output, at + input.length + 1);
    return input.length + 1 + output.length;
  } catch (error) {
    return -errnoOf(error);
  }
}

const CLOSED = Buffer.alloc(0);

function linkOf(path: string): Buffer {
  try {
    return readlinkSync(path, { encoding: 'buffer' }).subarray(0, MAX_LINK_BYTES);
  } catch (error) {
    // A process that is gone has no folder fd either, but then the rest of its capture says so.
    if (errnoOf(error) === ENOENT) return CLOSED;
    throw error;
  }
}

/** The most that `copyStreams` writes. */
export const MAX_STREAMS_BYTES = 2 * MAX_LINK_BYTES + 1;

export function copyPidNamespace(directory: string, target: Buffer, at: number): number {
  return linkPiece(target, at, { path: `${directory}ns/pid`, limit: MAX_LINK_BYTES });
}

const MAX_NUMBER_BYTES = 16;

export function copySession(directory: string, target: Buffer, at: number): number {
  return filePiece(target, at, { path: `${directory}sessionid`, limit: MAX_NUMBER_BYTES });
}

/** (uid_t)-1 */
const NOBODY = '4294967295';

/** Whether a login uid is set. @param loginuid content of the file of that name */
export function isLoggedIn(loginuid: Buffer): boolean {
  return loginuid.length > 0 && loginuid.toString('latin1') !== NOBODY;
}

const NS_PID = Buffer.from('\nNSpid:\t');
const TAB = 0x09,
  NEWLINE = 0x0a;

/** Whether the process is in a pid namespace below this one. @param status content of the file of that name */
export function isInPidNamespace(status: Buffer): boolean {
  const at = status.indexOf(NS_PID);
  if (at < 0) return false;
  for (let i = at + NS_PID.length; i < status.length && status[i] !== NEWLINE; i++) if (status[i] === TAB) return true;
  return false;
}
