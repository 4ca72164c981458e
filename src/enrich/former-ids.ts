/**
 * Which ids a process had before a set-id image changed them. The kernel tells of the change (UID, GID) before it tells of the exec, as commit_creds() comes early in
 * it; what the record of the exec says is of after it.
 */
import type { ExecInfo } from '../core/event.ts';
import type { IdEvent } from '../core/kernel-event.ts';
import type { Captured } from './captured.ts';
import { isEscalation } from './marks/escalation.ts';
import type { Stamp } from './start-time.ts';
import type { Entry, FormerIds } from './table/entry.ts';

/** Between the change and the EXEC the image is loaded, from a disk at worst. */
const LOADING_NS = 50e6;

/** To be called before the entry takes over what the message says. */
export function noteFormerIds(entry: Entry, { kind, monotonicNs: atNs }: IdEvent): void {
  if (kind === 'UID') entry.formerUser = { real: entry.uid, effective: entry.euid, atNs };
  else entry.formerGroup = { real: entry.gid, effective: entry.egid, atNs };
}

export function haveIdsChanged({ formerUser, formerGroup }: Entry, sinceNs: number): boolean {
  return (formerUser !== null && formerUser.atNs > sinceNs) || (formerGroup !== null && formerGroup.atNs > sinceNs);
}

/**
 * null where none changed, and where nobody can tell. To be called before the entry takes over what was captured. Where the file could not be looked at, the message
 * of the change says enough if it made root of an ordinary user: nobody has another way, but who has been root before.
 */
export function idsBefore(entry: Entry, captured: Captured, { monotonicNs }: Stamp): ExecInfo['before'] {
  const setId = isSetId(captured);
  if (setId === false) return null;
  const sinceNs = Math.max(entry.aliveNs, monotonicNs - LOADING_NS);
  const user = beforeExec(entry.formerUser, { real: entry.uid, effective: entry.euid }, sinceNs);
  const group = beforeExec(entry.formerGroup, { real: entry.gid, effective: entry.egid }, sinceNs);
  const before = { uid: user.real, gid: group.real, euid: user.effective, egid: group.effective };
  const after = captured.status ?? entry;
  if (!isWhole(before) || !isOfFile(before, after)) return null;
  return setId === true || (user === entry.formerUser && isEscalation(before, after)) ? before : null;
}

type Ids = Pick<FormerIds, 'real' | 'effective'>;
type Before = NonNullable<ExecInfo['before']>;
type Known = { readonly [Key in keyof Before]: number | null };

/** What the last message told of was this exec's own doing, or something before it. */
function beforeExec(former: FormerIds | null, known: Ids, sinceNs: number): Ids {
  return former !== null && former.atNs > sinceNs && former.real === known.real ? former : known;
}

function isWhole(ids: Known): ids is Before {
  return ids.uid !== null && ids.gid !== null && ids.euid !== null && ids.egid !== null;
}

/** The file changes effective ids only: real ones are changed by the process itself. */
function isOfFile(before: Known, after: Known): boolean {
  return before.uid === after.uid && before.gid === after.gid && (before.euid !== after.euid || before.egid !== after.egid);
}

/** undefined: nobody could look. */
function isSetId({ exeFile }: Captured): boolean | undefined {
  if (exeFile === null || exeFile.setuid === null || exeFile.setgid === null) return undefined;
  return exeFile.setuid || exeFile.setgid;
}
