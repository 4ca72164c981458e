import type { Ancestor, Parent, ProcessEvent, ProcessInfo } from '../../core/event.ts';
import { capabilityList } from '../siem/capability-names.ts';
import { commandOf } from '../siem/command.ts';
import { hexText, idText } from '../siem/id-text.ts';
import { KinTexts } from '../siem/kin-texts.ts';
import { escaped, quote } from '../siem/json-string.ts';
import { utcTimestamp } from '../text/timestamp.ts';

/** `,"process":{…}`; `time`: that of the event, as text. */
export function processText(event: ProcessEvent, time: string): string {
  const { process, parent, exit } = event;
  let text = `,"process":{"pid":${process.pid},"entity_id":"${idText(process.entity_id)}"`;
  if (process.name !== null) text += `,"name":"${escaped(process.name)}"`;
  text += imageText(process.exe, process.args);
  if (process.cwd !== null) text += `,"working_directory":"${escaped(process.cwd)}"`;
  if (process.start_time !== null) text += `,"start":"${utcTimestamp(process.start_time)}"`;
  else if (event.kind === 'FORK' && process.tid === null) text += `,"start":"${time}"`;
  if (exit !== null && process.tid === null) {
    text += `,"end":"${time}"`;
    if (exit.code !== null) text += `,"exit_code":${exit.code}`;
  }
  text += threadText(process) + ownerText(process) + leadersText(process);
  if (process.ns_pid !== null) text += `,"vpid":${process.ns_pid}`;
  if (process.tty !== null) text += ',"interactive":true';
  if (process.exe_sha256 !== null) text += `,"hash":{"sha256":"${hexText(process.exe_sha256)}"}`;
  if (process.env !== null) text += `,"env_vars":[${Object.entries(process.env).map(variable).join(',')}]`;
  if (parent !== null) text += parents.of(parent);
  return `${text}}`;
}

const variable = ([name, value]: [string, string]): string => quote(`${name}=${value}`);

/** By ECS the vector begins with the path of the executable: what args[0] was instead is `forkcast.args0`. */
function imageText(exe: string | null, args: readonly string[] | null): string {
  const path = exe === null ? null : escaped(exe);
  const text = path === null ? '' : `,"executable":"${path}"`;
  if (args === null) return text;
  const { list, line } = commandOf(args, path);
  return `${text},"args":${list},"args_count":${args.length},"command_line":"${line}"`;
}

function threadText({ tid, caps_effective: capabilities }: ProcessInfo): string {
  if (tid === null && capabilities === null) return '';
  const id = tid === null ? '' : `"id":${tid}`;
  if (capabilities === null) return `,"thread":{${id}}`;
  return `,"thread":{${id === '' ? '' : `${id},`}"capabilities":{"effective":[${capabilityList(capabilities)}]}}`;
}

/** `user` and `group` are the effective ones. The name that is known is that of the real user. */
function ownerText({ uid, gid, euid, egid, user }: ProcessInfo): string {
  let text = '';
  const name = user === null ? '' : `,"name":"${escaped(user)}"`;
  if (euid !== null) text += `,"user":{"id":"${euid}"${euid === uid ? name : ''}}`;
  if (egid !== null) text += `,"group":{"id":"${egid}"}`;
  if (uid !== null) text += `,"real_user":{"id":"${uid}"${name}}`;
  if (gid !== null) text += `,"real_group":{"id":"${gid}"}`;
  return text;
}

function leadersText({ pgid, sid }: ProcessInfo): string {
  let text = pgid === null ? '' : `,"group_leader":{"pid":${pgid}}`;
  if (sid !== null) text += `,"session_leader":{"pid":${sid}}`;
  return text;
}

const parents = new KinTexts<Parent>(parentText);

function parentText({ pid, entity_id: id, name, exe, args }: Parent): string {
  let text = `,"parent":{"pid":${pid}`;
  if (id !== null) text += `,"entity_id":"${idText(id)}"`;
  if (name !== null) text += `,"name":"${escaped(name)}"`;
  return `${text}${imageText(exe, args)}}`;
}

/** `,"user":{…}`: whose process it is, and by whose rights it acts. */
export function userText({ uid, euid, gid, user }: ProcessInfo): string {
  if (uid === null) return '';
  let text = `,"user":{"id":"${uid}"`;
  if (user !== null) text += `,"name":"${escaped(user)}"`;
  if (euid !== null && euid !== uid) text += `,"effective":{"id":"${euid}"}`;
  if (gid !== null) text += `,"group":{"id":"${gid}"}`;
  return `${text}}`;
}

/** What ECS has no place for, or another one than we know: members of `forkcast`. */
export function processRest({ process, parent }: ProcessEvent): string {
  let text = '';
  if (process.tty !== null) text += `,"tty":"${escaped(process.tty)}"`;
  const args0 = process.args?.[0];
  if (args0 !== undefined && process.exe !== null && args0 !== process.exe) text += `,"args0":"${escaped(args0)}"`;
  if (parent === null) return text;
  const parentArgs0 = parent.args?.[0];
  if (parentArgs0 !== undefined && parent.exe !== null && parentArgs0 !== parent.exe) text += `,"parent_args0":"${escaped(parentArgs0)}"`;
  if (parent.ancestors !== null) text += `,"ancestors":[${ancestorsText(parent.ancestors)}]`;
  return text;
}

const ancestorTexts = new KinTexts<Ancestor>(ancestorText);

function ancestorsText(ancestors: readonly Ancestor[]): string {
  let text = '';
  for (const ancestor of ancestors) text += text === '' ? ancestorTexts.of(ancestor) : `,${ancestorTexts.of(ancestor)}`;
  return text;
}

function ancestorText({ pid, entity_id: id, name, exe }: Ancestor): string {
  let text = `{"pid":${pid}`;
  if (id !== null) text += `,"entity_id":"${idText(id)}"`;
  if (name !== null) text += `,"name":"${escaped(name)}"`;
  if (exe !== null) text += `,"executable":"${escaped(exe)}"`;
  return `${text}}`;
}
