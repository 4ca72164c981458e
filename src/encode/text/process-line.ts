import type { ExitInfo, IdsInfo, ProcessEvent, ProcessInfo } from '../../core/event.ts';
import { paint } from './colour.ts';
import { durationText } from './duration-text.ts';
import { printable } from './printable.ts';
import { shellQuote } from './shell-quote.ts';
import { signalName } from './signal-name.ts';

/** What matters of the event, by its kind. */
export function describeProcessEvent(event: ProcessEvent, colour: boolean): string {
  const name = nameOf(event.process);
  switch (event.kind) {
    case 'FORK':
      return forkText(event, name);
    case 'EXEC':
    case 'SNAPSHOT':
      return commandText(event.process);
    case 'EXIT':
      return event.exit === null ? name : exitText(event.process, event.exit, colour);
    case 'UID':
    case 'GID':
      return event.ids === null ? name : `${name} ${idsText(event.kind, event.ids, colour)}`;
    case 'SID':
      return `${name} leads session ${event.process.sid ?? event.process.pid}`;
    case 'PTRACE':
      return ptraceText(event, name);
    case 'COMM':
      return event.comm === null ? name : `${printable(event.comm.old ?? '?')} -> ${printable(event.comm.new)}`;
    case 'COREDUMP':
      return alarm(`${name} dumps core${signalText(event.coredump?.signal ?? null)}`, colour);
    case 'UNKNOWN':
      return name;
  }
}

const alarm = (text: string, colour: boolean): string => (colour ? paint(text, 'red') : text);

const nameOf = ({ name, exe }: ProcessInfo): string => printable(name ?? exe ?? '?');

const signalText = (signal: number | null): string => (signal === null ? '' : ` (${signalName(signal)})`);

/** `bash[100] -> bash[101]`; a thread has its own id, but not its own name. */
function forkText({ process, parent, fork }: ProcessEvent, name: string): string {
  if (fork?.is_thread === true) return `${name}[${process.pid}] -> thread ${process.tid ?? '?'}`;
  if (parent === null) return `${name}[${process.pid}]`;
  // A FORK repeats nothing of the parent: the child still has its name.
  return `${parent.name === null ? name : printable(parent.name)}[${parent.pid}] -> ${name}[${process.pid}]`;
}

function commandText(process: ProcessInfo): string {
  const { args, args_truncated: truncated, args_bytes: bytes } = process;
  // Missing is not the same as empty: say so where a reader would look for the command.
  if (args === null) return `${nameOf(process)} (arguments could not be read)`;
  if (args.length === 0) return process.exe === null ? nameOf(process) : printable(process.exe);
  let text = '';
  for (const arg of args) text += text === '' ? shellQuote(arg) : ` ${shellQuote(arg)}`;
  return truncated ? `${text} ... (${bytes === null ? 'cut' : `${bytes} bytes in all`})` : text;
}

function exitText(process: ProcessInfo, exit: ExitInfo, colour: boolean): string {
  const what = process.tid === null ? nameOf(process) : `${nameOf(process)} thread ${process.tid}`;
  const after = exit.duration_us === null ? '' : ` after ${durationText(exit.duration_us)}`;
  if (exit.signal === null) {
    if (exit.code === null) return `${what} ended unseen${after}`;
    return exit.code === 0 ? `${what} exited 0${after}` : `${what} ${alarm(`exited ${exit.code}`, colour)}${after}`;
  }
  const by = printable(exit.signal_name ?? signalName(exit.signal));
  return `${what} ${alarm(`killed by ${by}${exit.core_dumped ? ', core dumped' : ''}`, colour)}${after}`;
}

function idsText(kind: 'UID' | 'GID', ids: IdsInfo, colour: boolean): string {
  const [real, effective] = kind === 'UID' ? ['uid', 'euid'] : ['gid', 'egid'];
  const text = `${real} ${ids.old_real ?? '?'} -> ${ids.new_real}, ${effective} ${ids.old_effective ?? '?'} -> ${ids.new_effective}`;
  return ids.escalation ? `${text}  ${alarm('ESCALATION', colour)}` : text;
}

function ptraceText({ ptrace }: ProcessEvent, name: string): string {
  if (ptrace === null) return name;
  return ptrace.attach ? `${name} is traced by ${ptrace.tracer_pid}` : `${name} is no longer traced`;
}
