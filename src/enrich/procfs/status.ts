import type { Piece } from '../../core/kernel-event.ts';
import { bytesOf, decimalAt } from './piece.ts';

/** What enrichment needs of `/proc/<pid>/status`; null where a line is missing. */
export interface StatusFields {
  readonly uid: number;
  readonly euid: number;
  readonly gid: number;
  readonly egid: number;
  /** Pid in the innermost pid namespace; null where that is ours. */
  readonly nsPid: number | null;
  /** CapEff as a bit set; the kernel knows 41 capabilities, so a double holds it exactly. */
  readonly capsEffective: number | null;
}

const TAB = '\t';

/** undefined unless both id lines are there. The Name line cannot forge them: the kernel escapes its newlines. */
export function parseStatus(piece: Piece): StatusFields | undefined {
  const bytes = bytesOf(piece);
  if (bytes === undefined) return undefined;
  const text = bytes.toString('latin1');
  const uidAt = valueOf(text, '\nUid:\t', 0);
  const gidAt = uidAt < 0 ? -1 : valueOf(text, '\nGid:\t', uidAt);
  if (gidAt < 0) return undefined;
  const uid = decimalAt(text, uidAt);
  const euid = decimalAt(text, text.indexOf(TAB, uidAt) + 1);
  const gid = decimalAt(text, gidAt);
  const egid = decimalAt(text, text.indexOf(TAB, gidAt) + 1);
  if (Number.isNaN(uid + euid + gid + egid)) return undefined;
  return { uid, euid, gid, egid, nsPid: innermostPid(text, gidAt), capsEffective: capabilities(text, gidAt) };
}

function valueOf(text: string, label: string, from: number): number {
  const at = text.indexOf(label, from);
  return at < 0 ? -1 : at + label.length;
}

function innermostPid(text: string, from: number): number | null {
  const at = valueOf(text, '\nNSpid:\t', from);
  if (at < 0) return null;
  const end = text.indexOf('\n', at);
  const last = text.lastIndexOf(TAB, end < 0 ? text.length : end) + 1;
  const pid = decimalAt(text, last);
  return last === at || Number.isNaN(pid) ? null : pid;
}

function capabilities(text: string, from: number): number | null {
  const at = valueOf(text, '\nCapEff:\t', from);
  if (at < 0) return null;
  const value = Number.parseInt(text.substring(at, at + 16), 16);
  return Number.isSafeInteger(value) ? value : null;
}
