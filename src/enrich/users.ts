import { readFileSync, statSync } from 'node:fs';

/** User names by id, as far as the local passwd file knows them. */
export interface UserNames {
  nameOf(uid: number): string | null;
  /** Rereads the file when it changed; looks at most every five seconds of `nowNs` (CLOCK_MONOTONIC). */
  refresh(nowNs: number): void;
}

export interface FileVersion {
  readonly mtimeMs: number;
  readonly size: number;
}

/** The file system as `createUserNames` needs it. undefined: not there, or not readable. */
export interface PasswdFile {
  version(): FileVersion | undefined;
  read(): string | undefined;
}

const CHECK_INTERVAL_NS = 5e9;

/** Containers without a passwd file are common, and so is its replacement by rename: what was known stays until there is something newer. */
export function createUserNames(file: PasswdFile): UserNames {
  let names: ReadonlyMap<number, string> = new Map();
  let seen: FileVersion | undefined;
  let nextCheckNs = Number.NEGATIVE_INFINITY;
  return {
    nameOf: (uid) => names.get(uid) ?? null,
    refresh: (nowNs) => {
      if (nowNs < nextCheckNs) return;
      nextCheckNs = nowNs + CHECK_INTERVAL_NS;
      const version = file.version();
      if (version === undefined || (version.mtimeMs === seen?.mtimeMs && version.size === seen.size)) return;
      const text = file.read();
      if (text === undefined) return;
      names = parsePasswd(text);
      seen = version;
    },
  };
}

/** passwd(5): `name:password:uid:gid:…`. The first line of a uid wins, as in getpwuid(3); anything else is passed over. */
export function parsePasswd(text: string): Map<number, string> {
  const names = new Map<number, string>();
  for (const line of text.split('\n')) {
    const [name, , uidText] = line.split(':', 3);
    if (!name || uidText === undefined || !/^\d{1,10}$/.test(uidText)) continue;
    const uid = Number(uidText);
    if (!names.has(uid)) names.set(uid, name);
  }
  return names;
}

/** Names of this machine's own users. */
export function systemUserNames(): UserNames {
  return createUserNames(passwdFile());
}

export function passwdFile(path = '/etc/passwd'): PasswdFile {
  return { version: () => orUndefined(() => statSync(path)), read: () => orUndefined(() => readFileSync(path, 'utf8')) };
}

/** Absent, replaced between the two calls, or not ours to read: ids stay without names, which every event shows. */
function orUndefined<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (error instanceof Error && 'code' in error) return undefined;
    throw error;
  }
}
