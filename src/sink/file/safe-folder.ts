import { constants, lstatSync, readlinkSync, statSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { chmod, mkdir, open } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { AgentError } from '../../core/errors.ts';
import { errnoName, fileError } from '../../core/system-error.ts';
import { escapeText } from '../../core/text.ts';

/** What is asked of a folder, beside that it is ours and that nobody else can write there. */
export interface FolderRules {
  /** What it is for, before its path in messages; may be empty. */
  readonly what: string;
  /** Whether it may be a link to a folder. Folders above it always may. */
  readonly link: boolean;
  /** What to do instead of mending it, as the end of a sentence. */
  readonly elsewhere: string;
  /** What to do where it is a link to `target`, if it may be none. */
  readonly linkFix?: (target: string) => string;
}

/**
 * Makes what is missing of the folder (0700), opens it and makes sure of it. What is stored holds the command lines of every user, and whoever
 * could write there could make the agent write elsewhere. Throws DATA_DIR_UNSAFE, DATA_DIR_PERMISSION or FILE_IO.
 */
export async function openFolder(path: string, rules: FolderRules): Promise<FileHandle> {
  const wanted = resolve(path);
  try {
    await makeFolder(wanted);
    const folder = await open(wanted, constants.O_RDONLY | constants.O_DIRECTORY | (rules.link ? 0 : constants.O_NOFOLLOW));
    const fault = distrust(wanted, await folder.stat(), rules);
    if (fault === undefined) return folder;
    await folder.close();
    throw fault;
  } catch (error) {
    throw error instanceof AgentError ? error : (folderFault(wanted, rules) ?? systemFault(wanted, rules, error));
  }
}

/** Why `openFolder` would refuse what is there now; undefined also where nothing is there yet. Changes nothing. */
export function folderFault(path: string, rules: FolderRules): AgentError | undefined {
  const wanted = resolve(path);
  let looked = wanted;
  try {
    for (const level of levelsOf(wanted)) {
      looked = level;
      const found = lstatSync(level, { throwIfNoEntry: false });
      if (found === undefined) return undefined;
      const link = found.isSymbolicLink();
      const stats = link ? statSync(level, { throwIfNoEntry: false }) : found;
      if (stats === undefined) return dangling(level, rules);
      if (!stats.isDirectory()) return unsafe(level, rules, { why: 'is not a folder', fix: 'remove it' });
      if (level !== wanted) continue;
      return link && !rules.link ? linked(level, rules) : distrust(level, stats, rules);
    }
    return undefined;
  } catch (error) {
    return errnoName(error) === 'ENOENT' ? undefined : systemFault(looked, rules, error);
  }
}

/**
 * Level by level, each tried once more at most, after those above it. (Node's own `recursive` tries for ever where a folder above is there and
 * the answer is ENOENT nevertheless: in /proc, and below a link to nowhere.)
 */
async function makeFolder(path: string): Promise<void> {
  const missing: string[] = [];
  for (let level = path; ; level = dirname(level)) {
    const made = await makeLevel(level);
    if (made) break;
    missing.push(level);
    if (level === dirname(level)) break;
  }
  for (const level of missing.toReversed()) if (!(await makeLevel(level))) throw noEntry(level);
}

/** False where the folder above it is missing. */
async function makeLevel(path: string): Promise<boolean> {
  try {
    await mkdir(path, 0o700);
  } catch (error) {
    if (errnoName(error) === 'EEXIST') return true;
    if (errnoName(error) === 'ENOENT') return false;
    throw error;
  }
  // What mkdir gives depends on the umask.
  await chmod(path, 0o700);
  return true;
}

function noEntry(path: string): Error {
  return Object.assign(new Error(`ENOENT: mkdir '${path}'`), { code: 'ENOENT', path });
}

/** From the root down to the path itself. */
function levelsOf(path: string): string[] {
  const levels = [path];
  for (let level = path; level !== dirname(level);) {
    level = dirname(level);
    levels.push(level);
  }
  return levels.toReversed();
}

function distrust(path: string, { uid, mode }: { uid: number; mode: number }, rules: FolderRules): AgentError | undefined {
  const own = process.geteuid?.() ?? uid;
  const context = { uid, mode: mode & 0o7777 };
  if (uid !== own) {
    const why = `belongs to uid ${uid}, but the agent runs as uid ${own}`;
    return unsafe(path, rules, { why, fix: `chown -R ${own} ${quoted(path)}`, context });
  }
  if ((mode & 0o022) === 0) return undefined;
  return unsafe(path, rules, { why: `may be written by others (mode ${octal(mode)})`, fix: `chmod 700 ${quoted(path)}`, context });
}

function linked(path: string, rules: FolderRules): AgentError {
  const target = resolve(dirname(path), readlinkSync(path));
  const fix = rules.linkFix?.(escapeText(target)) ?? 'put a folder in its place';
  return unsafe(path, rules, { why: `is a symbolic link, to ${escapeText(target)}`, fix, context: { target } });
}

function dangling(path: string, rules: FolderRules): AgentError {
  const target = resolve(dirname(path), readlinkSync(path));
  const why = `is a symbolic link to ${escapeText(target)}, which is not there`;
  return unsafe(path, rules, { why, fix: `make that folder, or remove the link`, context: { target } });
}

function unsafe(path: string, { what, elsewhere }: FolderRules, of: { why: string; fix: string; context?: object }): AgentError {
  const message = `${what}${escapeText(path)} ${of.why}`;
  return new AgentError('DATA_DIR_UNSAFE', message, { context: { path, ...of.context }, fix: `${of.fix}, or ${elsewhere}` });
}

function systemFault(path: string, rules: FolderRules, cause: unknown): AgentError {
  const errno = errnoName(cause);
  const context = { path, errno };
  const shown = `${rules.what}${escapeText(path)}`;
  if (errno === 'EACCES' || errno === 'EPERM') {
    const uid = process.geteuid?.() ?? '?';
    const fix = `as root: mkdir -p ${quoted(path)} && chown -R ${uid} ${quoted(path)}, or ${rules.elsewhere}`;
    return new AgentError('DATA_DIR_PERMISSION', `${shown} cannot be used by uid ${uid}: ${errno}`, { cause, context, fix });
  }
  if (errno === 'ELOOP') return unsafe(path, rules, { why: 'is a symbolic link that leads back to itself', fix: 'remove it', context });
  if (errno === 'ENOENT') {
    const message = `${shown} cannot be made: the file system there makes no folders (${errno})`;
    return new AgentError('FILE_IO', message, { cause, context, fix: rules.elsewhere });
  }
  return fileError({ action: 'use the folder', path }, cause);
}

const octal = (mode: number): string => (mode & 0o7777).toString(8).padStart(4, '0');

/** For a shell; what a shell would take as it is stays so. */
function quoted(path: string): string {
  return /^[\w./+@%:,-]+$/.test(path) ? path : `'${escapeText(path).replaceAll("'", String.raw`'\''`)}'`;
}
