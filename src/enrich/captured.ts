/** What a capture says, parsed, and how it enters the table. Shared by EXEC and SNAPSHOT, the two kinds that read /proc. */
import type { ExeFile, Parent, ProcessEvent, Provenance } from '../core/event.ts';
import type { ExeStat } from '../core/exe-stat.ts';
import type { Capture, Piece } from '../core/kernel-event.ts';
import type { EnrichContext, EnrichCounters } from './context.ts';
import { addCareer, addStanding, addSummary } from './event-shape.ts';
import { marksOf } from './marks/marks.ts';
import { isShellOnSocket } from './marks/shell-on-socket.ts';
import { bareParent, fullParent, parentOf } from './parents.ts';
import { parseCgroup } from './procfs/cgroup.ts';
import { noteGap, parseCmdline, type Argv } from './procfs/cmdline.ts';
import { parseExe, type ExeLink } from './procfs/exe.ts';
import { parseEnviron } from './procfs/environ.ts';
import { exeFileFrom, parseExeStat } from './procfs/exe-file.ts';
import { parseLoginUid } from './procfs/loginuid.ts';
import { bytesOf, errnoOf } from './procfs/piece.ts';
import { parsePidNamespace, pidNamespaceOf } from './procfs/pid-ns.ts';
import { parseSessionId } from './procfs/session-id.ts';
import { auditSessionOf, recordedExeStat, recordedOf, recordedStatus, type Recorded } from './recorded.ts';
import { scriptOf } from './script.ts';
import { ENV_START, isDead, isKernelThread, laterField, type StatFields } from './procfs/stat.ts';
import { parseStatus, type StatusFields } from './procfs/status.ts';
import { ttyName } from './procfs/tty.ts';
import { START_DERIVED, OWN_CGROUP, OWN_IDS, type Entry } from './table/entry.ts';

export interface Captured {
  readonly stat: StatFields | undefined;
  readonly status: StatusFields | undefined;
  readonly cgroup: string | undefined;
  readonly exe: ExeLink | undefined;
  readonly exeFile: ExeFile | null;
  readonly exeStat: ExeStat | undefined;
  readonly argv: Argv | null;
  readonly cwd: string | null;
  readonly loginUid: number | null | undefined;
  readonly auditSession: number | null;
  readonly pidNs: number | null;
  /** The variables that were chosen. */
  readonly env: Record<string, string> | null;
  readonly isShellOnSocket: boolean;
  /** As in `Image`. */
  readonly envStart: number;
  /** What only a record of the kernel says. */
  readonly recorded: Recorded | undefined;
}

/** Nothing could be read, or what was read belongs to another process. */
export const NOTHING_CAPTURED: Captured = {
  stat: undefined,
  status: undefined,
  cgroup: undefined,
  exe: undefined,
  exeFile: null,
  exeStat: undefined,
  argv: null,
  cwd: null,
  loginUid: undefined,
  auditSession: null,
  pidNs: null,
  env: null,
  isShellOnSocket: false,
  envStart: 0,
  recorded: undefined,
};

const EMPTY_ARGV: Argv = { args: [], argsBytes: 0, truncated: false, argsRaw: null, keptBytes: 0 };
/** linux/errno.h ECANCELED. */
const NOT_TRIED = 125;
/** No such process: why argv is missing when reading it gave nothing at all (a zombie), and all of a capture that met another process. */
export const ESRCH = 3;

export function parseCapture(
  ctx: EnrichContext,
  capture: Capture,
  { stat, pid }: { readonly stat: StatFields | undefined; readonly pid: number },
): Captured {
  const { kernel } = capture;
  const link = parseExe(capture.exe);
  const exe = link === undefined ? undefined : { path: ctx.strings.share(link.path), deleted: link.deleted, memfd: link.memfd };
  const cgroup = parseCgroup(capture.cgroup);
  const argv = argvOf(ctx, capture, isPlainlyAlive(stat, exe));
  const exeStat = kernel === undefined ? parseExeStat(capture.exeStat ?? NOT_TRIED) : recordedExeStat(kernel);
  return {
    stat,
    status: kernel === undefined ? parseStatus(capture.status) : recordedStatus(kernel),
    cgroup: cgroup === undefined ? undefined : ctx.strings.share(cgroup),
    exe,
    exeFile: exeFileFrom(exe, exeStat),
    exeStat,
    argv,
    cwd: pathOf(ctx, capture.cwd),
    loginUid: parseLoginUid(capture.loginuid),
    auditSession: kernel === undefined ? (parseSessionId(capture.session ?? NOT_TRIED) ?? null) : auditSessionOf(kernel),
    pidNs: kernel === undefined ? (parsePidNamespace(capture.pidNs ?? NOT_TRIED) ?? null) : pidNamespaceOf(kernel.pidNs),
    env: parseEnviron(capture.environ ?? NOT_TRIED),
    isShellOnSocket: isShellOnSocket({ exe: exe?.path ?? null, args: argv?.args ?? null, streams: capture.streams ?? NOT_TRIED }),
    envStart: kernel?.envStart ?? envStartOf(capture, stat),
    recorded: kernel === undefined ? undefined : recordedOf(kernel, { pid, strings: ctx.strings }),
  };
}

function envStartOf(capture: Capture, stat: StatFields | undefined): number {
  return stat === undefined || isDead(stat) ? 0 : laterField(capture.stat, ENV_START);
}

/** A zombie's cmdline reads as empty, without an error. Only a process that was seen alive has no arguments. */
function isPlainlyAlive(stat: StatFields | undefined, exe: ExeLink | undefined): boolean {
  return stat !== undefined && !isDead(stat) && (exe !== undefined || isKernelThread(stat));
}

function argvOf(ctx: EnrichContext, capture: Capture, alive: boolean): Argv | null {
  const bytes = bytesOf(capture.cmdline);
  if (bytes === undefined) return null;
  if (bytes.length === 0) return alive ? EMPTY_ARGV : null;
  // A record says how long it was: nothing has to be concluded from how much there is.
  const maxBytes = capture.kernel === undefined ? ctx.maxArgsBytes : Number.POSITIVE_INFINITY;
  const argv = parseCmdline(bytes, { originalBytes: capture.cmdlineBytes, maxBytes });
  if (capture.kernel !== undefined) noteGap(argv.args, bytes, capture.kernel.cutAt);
  return argv;
}

function pathOf(ctx: EnrichContext, piece: Piece): string | null {
  const bytes = bytesOf(piece);
  return bytes === undefined || bytes.length === 0 ? null : ctx.strings.share(bytes.toString('utf8'));
}

/** Takes over all but the image and the start. What could not be read stays as it was known. */
export function applyCaptured(ctx: EnrichContext, entry: Entry, captured: Captured): void {
  const { stat, status, cgroup, loginUid, recorded } = captured;
  if (stat !== undefined) {
    entry.name = ctx.strings.share(stat.comm);
    entry.sid = stat.sid;
    entry.pgid = stat.pgid;
    entry.tty = ttyName(stat.ttyNr);
  }
  if (status !== undefined) {
    entry.uid = status.uid;
    entry.euid = status.euid;
    entry.gid = status.gid;
    entry.egid = status.egid;
    entry.nsPid = status.nsPid;
    entry.marks |= OWN_IDS;
  }
  // A move between the record and its event, or since the exec that is told late, is newer.
  if (cgroup !== undefined && (recorded === undefined || recorded.stampNs >= entry.movedNs)) {
    entry.cgroup = cgroup;
    entry.marks |= OWN_CGROUP;
  }
  if (loginUid !== undefined) entry.loginUid = loginUid;
}

/** Fills an EXEC or SNAPSHOT event from the entry, after `applyCaptured`. */
export function describeCaptured(ctx: EnrichContext, made: ProcessEvent, of: { readonly entry: Entry; readonly captured: Captured }): void {
  const { entry, captured } = of;
  addSummary(ctx, made.process, entry);
  addCareer(made.process, entry);
  addStanding(made.process, entry);
  describeFile(made, captured);
  made.process.exe_sha256 = digestOf(ctx, entry, captured);
  made.process.marks = marksOf({ escalation: false, shellOnSocket: captured.isShellOnSocket, nameMismatch: false });
  made.process.caps_effective = captured.status === undefined ? null : captured.status.capsEffective;
  const parent = parentOf(ctx, entry);
  if (parent !== null) made.parent = fullParent(ctx, parent);
  else if (entry.ppid !== 0) made.parent = bareParent(entry.ppid);
  markLive(made.provenance, entry, captured);
  if (captured.stat !== undefined)
    made.provenance.parent = parentProvenance(made.parent, captured.stat.ppid, fresh(captured.recorded !== undefined));
}

function describeFile({ process, kind, recovered }: ProcessEvent, captured: Captured): void {
  const { exeFile, auditSession, pidNs, env, recorded, stat, argv } = captured;
  process.exe_file = exeFile;
  process.audit_session = auditSession;
  process.pid_ns = pidNs;
  process.env = env;
  if (recorded === undefined) {
    // Later a program may have given itself another name.
    if (kind === 'EXEC' && !recovered && stat !== undefined && argv !== null)
      process.script = scriptOf({ args: argv.args, filename: null, interpreter: null, name: stat.comm });
    return;
  }
  process.script = recorded.script;
}

/** Of the first event of a file there is none: nothing waits for it to be read. */
function digestOf(ctx: EnrichContext, { pid }: Entry, { exe, exeStat: stat }: Captured): Uint8Array | null {
  if (ctx.exeHashes === null || stat === undefined) return null;
  return ctx.exeHashes.of({ stat, pid, path: exe === undefined || exe.deleted ? null : exe.path });
}

/** What was true at the exec, or what was to be read soon after it. */
function fresh(isRecorded: boolean): 'KERNEL' | 'LIVE' {
  return isRecorded ? 'KERNEL' : 'LIVE';
}

function markLive(provenance: Provenance, entry: Entry, captured: Captured): void {
  const { stat, recorded } = captured;
  if (stat !== undefined && entry.startSource !== START_DERIVED) provenance.identity = fresh(recorded !== undefined);
  if (captured.argv !== null) provenance.args = fresh(recorded?.args === true);
  // A kernel thread has no executable, and that is all there is to know.
  if (captured.exe !== undefined || (stat !== undefined && isKernelThread(stat))) provenance.exe = fresh(recorded?.exe === true);
  if (captured.cgroup !== undefined) provenance.cgroup = fresh(recorded?.cgroup === true);
  if (captured.status !== undefined) provenance.user = fresh(recorded !== undefined);
}

/** /proc or the record confirms the parent or gave it; otherwise it is who forked, known since. */
function parentProvenance(parent: Parent | null, ppid: number, how: 'KERNEL' | 'LIVE'): 'KERNEL' | 'LIVE' | 'CACHED' | 'MISSING' {
  if (ppid === 0) return how;
  if (parent === null || parent.entity_id === null) return 'MISSING';
  return parent.pid === ppid ? how : 'CACHED';
}

/** The errno of the first group that is missing, in the order of the record. */
export function missingErrno(provenance: Provenance, capture: Capture): number | null {
  if (provenance.identity === 'MISSING') return errnoOf(capture.stat);
  if (provenance.args === 'MISSING') return errnoOf(capture.cmdline) ?? errnoOf(capture.exe) ?? ESRCH;
  if (provenance.exe === 'MISSING') return errnoOf(capture.exe);
  if (provenance.cgroup === 'MISSING') return errnoOf(capture.cgroup);
  return provenance.user === 'MISSING' ? errnoOf(capture.status) : null;
}

export function countCaptured(counters: EnrichCounters, provenance: Provenance): void {
  counters.args[provenance.args]++;
  counters.exe[provenance.exe]++;
  counters.cgroup[provenance.cgroup]++;
}
