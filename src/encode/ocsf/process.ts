import type { Ancestor, Parent, ProcessEvent, ProcessInfo } from '../../core/event.ts';
import { commandOf, listOf } from '../siem/command.ts';
import { hexText, idText } from '../siem/id-text.ts';
import { KinTexts } from '../siem/kin-texts.ts';
import type { Kin } from '../siem/kin-texts.ts';
import { escaped, quote } from '../siem/json-string.ts';
import type { Cpid } from './cpid.ts';
import { utcTimestamp } from '../text/timestamp.ts';
import { milliseconds } from './milliseconds.ts';
import type { OcsfFeatures } from './versions.ts';

/** What is put into the process besides what its event says. */
export interface ProcessParts {
  readonly features: OcsfFeatures;
  readonly cpid: Cpid | undefined;
  /** `,"container":{…}`, or nothing. */
  readonly container: string;
  readonly parents: KinTexts<Parent>;
  /** The parent stands in full where the actor does. */
  readonly isLaunch: boolean;
}

/** `"process":{…}`: what the event is about. */
export function processText(event: ProcessEvent, { features, cpid, container, parents, isLaunch }: ProcessParts): string {
  const { process, parent, exit } = event;
  const { hasAncestry, hasPtid } = features;
  let text = `"process":{"pid":${process.pid},"uid":"${idText(process.entity_id)}"`;
  if (cpid !== undefined) text += `,"cpid":"${cpid.text}"`;
  if (process.name !== null) text += `,"name":"${escaped(process.name)}"`;
  text += commandText(process.args, features);
  if (process.start_time !== null) text += `,"created_time":${milliseconds(process.start_time)}`;
  else if (event.kind === 'FORK' && process.tid === null) text += `,"created_time":${milliseconds(event.time)}`;
  if (exit !== null && process.tid === null) text += `,"terminated_time":${milliseconds(event.time)}`;
  if (process.exe !== null) text += fileText(process.exe, process, features);
  if (process.tid !== null) text += hasPtid ? `,"ptid":${process.tid}` : `,"tid":${process.tid}`;
  text += ownerText(process) + sessionText(process) + container;
  if (process.ns_pid !== null) text += `,"namespace_pid":${process.ns_pid}`;
  if (hasAncestry) text += contextText(process);
  if (parent !== null) text += `,"parent_process":${isLaunch ? identityTexts.of(parent) : parents.of(parent)}`;
  if (hasAncestry && parent !== null && parent.ancestors !== null) text += `,"ancestry":[${ancestryText(parent, parent.ancestors)}]`;
  return `${text}}`;
}

/** `"process":{…}`: who acted, where it is the process itself. */
export const selfText = ({ pid, entity_id: id }: ProcessInfo): string => `"process":{"pid":${pid},"uid":"${idText(id)}"}`;

/** Parents in full, each an object. */
export const createParentTexts = (features: OcsfFeatures): KinTexts<Parent> =>
  new KinTexts<Parent>((parent) => parentText(parent, features));

function parentText(parent: Parent, features: OcsfFeatures): string {
  let text = `{${identityText(parent)}`;
  if (parent.name !== null) text += `,"name":"${escaped(parent.name)}"`;
  text += commandText(parent.args, features);
  if (parent.exe !== null) text += fileText(parent.exe, undefined, features);
  return `${text}}`;
}

const identityTexts = new KinTexts<Kin>((kin) => `{${identityText(kin)}}`);

function identityText({ pid, entity_id: id }: Kin): string {
  return id === null ? `"pid":${pid}` : `"pid":${pid},"uid":"${idText(id)}"`;
}

function commandText(args: readonly string[] | null, { maxText }: OcsfFeatures): string {
  if (args === null) return '';
  const { line } = commandOf(args, null);
  if (line.length <= maxText) return `,"cmd_line":"${line}"`;
  return `,"cmd_line":"${escaped(args.join(' ').slice(0, maxText))}"`;
}

/** Whether `cmd_line` says the vector as it was; else it is in `unmapped`, too. */
function saysAll(args: readonly string[], { maxText }: OcsfFeatures): boolean {
  let length = -1;
  for (const arg of args) {
    if (arg === '' || arg.includes(' ')) return false;
    length += arg.length + 1;
  }
  return args.length > 0 && length <= maxText;
}

/** A file needs a name, which is the last part of its path. */
function fileText(path: string, process: ProcessInfo | undefined, { hasAncestry }: OcsfFeatures): string {
  const quoted = quote(path);
  const slash = path.lastIndexOf('/');
  const name = slash < 0 || slash === path.length - 1 ? quoted : quote(path.slice(slash + 1));
  const file = process === undefined ? null : process.exe_file;
  let text = `,"file":{"name":${name},"path":${quoted},"type_id":1`;
  if (file !== null) {
    if (file.inode !== null) text += `,"uid":"${file.inode}"`;
    if (file.mtime !== null) text += `,"modified_time":${milliseconds(file.mtime)}`;
    if (hasAncestry && file.deleted) text += ',"is_deleted":true';
  }
  const sha256 = process === undefined ? null : process.exe_sha256;
  if (sha256 !== null) text += `,"hashes":[{"algorithm_id":3,"value":"${hexText(sha256)}"}]`;
  return `${text}}`;
}

/** `euid`, `egid`, `auid` and `group` are of the extension for Linux. */
function ownerText({ uid, gid, euid, egid, user, login_uid: auid }: ProcessInfo): string {
  let text = '';
  if (uid !== null) text += `,"user":{"uid":"${uid}"${user === null ? '' : `,"name":"${escaped(user)}"`}}`;
  else if (user !== null) text += `,"user":{"name":"${escaped(user)}"}`;
  if (gid !== null) text += `,"group":{"uid":"${gid}"}`;
  if (euid !== null) text += `,"euid":${euid}`;
  if (egid !== null) text += `,"egid":${egid}`;
  if (auid !== null) text += `,"auid":${auid}`;
  return text;
}

function sessionText({ sid, tty }: ProcessInfo): string {
  if (sid === null && tty === null) return '';
  const parts: string[] = [];
  if (sid !== null) parts.push(`"uid":"${sid}"`);
  if (tty !== null) parts.push(`"terminal":"${escaped(tty)}"`);
  return `,"session":{${parts.join(',')}}`;
}

/** What 1.4 brought. */
function contextText({ cwd, env }: ProcessInfo): string {
  let text = cwd === null ? '' : `,"working_directory":"${escaped(cwd)}"`;
  if (env !== null) text += `,"environment_variables":[${Object.entries(env).map(variable).join(',')}]`;
  return text;
}

const variable = ([name, value]: [string, string]): string => `{"name":"${escaped(name)}","value":"${escaped(value)}"}`;

/** Newest first, and the first is the parent. */
function ancestryText(parent: Parent, ancestors: readonly Ancestor[]): string {
  let text = ancestorTexts.of(parent);
  for (const ancestor of ancestors) text += `,${ancestorTexts.of(ancestor)}`;
  return text;
}

const ancestorTexts = new KinTexts<Ancestor>(ancestorText);

function ancestorText(ancestor: Ancestor): string {
  let text = `{${identityText(ancestor)}`;
  if (ancestor.name !== null) text += `,"name":"${escaped(ancestor.name)}"`;
  if (ancestor.exe !== null) text += `,"path":"${escaped(ancestor.exe)}"`;
  return `${text}}`;
}

/** What OCSF, or this version of it, has no place for: members of `unmapped`. */
export function processRest({ process, parent }: ProcessEvent, features: OcsfFeatures): string {
  let text = process.pgid === null ? '' : `,"pgid":${process.pgid}`;
  // Its milliseconds are in `created_time`.
  if (process.start_time !== null) text += `,"start_time":"${utcTimestamp(process.start_time)}"`;
  if (process.args !== null && !saysAll(process.args, features)) text += `,"args":${listOf(process.args)}`;
  if (process.caps_effective !== null) text += `,"caps_effective":${process.caps_effective}`;
  if (parent !== null && parent.args !== null && !saysAll(parent.args, features)) text += `,"parent_args":${listOf(parent.args)}`;
  if (features.hasAncestry) return text;
  if (process.cwd !== null) text += `,"working_directory":"${escaped(process.cwd)}"`;
  if (process.env !== null)
    text += `,"env":[${Object.entries(process.env)
      .map(([name, value]) => quote(`${name}=${value}`))
      .join(',')}]`;
  if (parent !== null && parent.ancestors !== null) text += `,"ancestors":[${parent.ancestors.map(ancestorText).join(',')}]`;
  return text;
}
