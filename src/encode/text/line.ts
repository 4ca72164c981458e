import type { Encoder } from '../../core/component.ts';
import type { Encoded } from '../../core/encoded.ts';
import type { AgentEvent } from '../../core/agent-event.ts';
import type { AnyEvent } from '../../core/any-event.ts';
import type { Container, ProcessEvent } from '../../core/event.ts';
import { describeAgentEvent } from './agent-line.ts';
import { paint } from './colour.ts';
import { printable } from './printable.ts';
import { describeProcessEvent } from './process-line.ts';
import { localTime } from './timestamp.ts';

export interface LineOptions {
  /** Colour the kinds and what went wrong, for terminals. */
  readonly colour?: boolean;
  /** Whether lines are for few columns, asked for each: then they begin with seconds, kind and pid only. */
  readonly narrow?: () => boolean;
}

/**
 * Events as one line each, for people: local time, kind, pid, user, and what matters of the kind. Nothing of what processes and
 * configuration say reaches the terminal unescaped.
 *
 *     14:03:22.123 EXEC       24020 ana      ls -l '/var/log/my app'  [web-frontend-1]
 *     14:03:22 EXEC  24020 ls -l '/var/log/my app'  [3f2a1b9c0d4e]
 */
export function createLineEncoder(options: LineOptions = {}): Encoder<AnyEvent> {
  const colour = options.colour ?? false;
  const wide: Look = { colour, narrow: false };
  const narrow: Look = { colour, narrow: true };
  return {
    encode({ stream, event }): Encoded {
      const look = options.narrow?.() === true ? narrow : wide;
      const text = stream === 'process' ? processLine(event, look) : agentLine(event, look);
      return { stream, kind: event.kind, sequence: event.sequence ?? 0, timeUs: event.time, bytes: Buffer.from(text, 'utf8') };
    },
  };
}

const KIND_WIDTH = 10;
const PID_WIDTH = 7;
const USER_WIDTH = 8;

const NARROW_KIND_WIDTH = 5;
/** As container engines print ids. */
const ID_WIDTH = 12;
const NAME_WIDTH = 24;

interface Look {
  readonly colour: boolean;
  readonly narrow: boolean;
}

function processLine(event: ProcessEvent, look: Look): string {
  const { pid, user, uid } = event.process;
  const where = event.container === null ? '' : `  [${containerText(event.container, look)}]`;
  const who = user === null ? String(uid ?? '?') : printable(user);
  const subject = look.narrow ? String(pid) : `${String(pid).padStart(PID_WIDTH)} ${who.padEnd(USER_WIDTH)}`;
  return `${timeAndKind(event, look)} ${subject} ${describeProcessEvent(event, look.colour)}${where}\n`;
}

/** By its name where that is no longer than what people call short. */
function containerText({ id, name }: Container, { narrow }: Look): string {
  const isShort = name !== null && name.length <= (narrow ? ID_WIDTH : NAME_WIDTH);
  return printable(isShort ? name : id.slice(0, ID_WIDTH));
}

function agentLine(event: AgentEvent, look: Look): string {
  const blank = look.narrow ? '-' : `${'-'.padStart(PID_WIDTH)} ${'-'.padEnd(USER_WIDTH)}`;
  return `${timeAndKind(event, look)} ${blank} ${describeAgentEvent(event, look.colour)}\n`;
}

function timeAndKind({ time, kind }: ProcessEvent | AgentEvent, { colour, narrow }: Look): string {
  const at = localTime(time);
  const padded = kind.padEnd(narrow ? NARROW_KIND_WIDTH : KIND_WIDTH);
  return `${narrow ? at.slice(0, -'.000'.length) : at} ${colour ? paint(padded, KIND_COLOURS[kind]) : padded}`;
}

const KIND_COLOURS = {
  UNKNOWN: 'dim',
  FORK: 'dim',
  EXEC: 'green',
  EXIT: 'cyan',
  UID: 'yellow',
  GID: 'yellow',
  SID: 'dim',
  PTRACE: 'yellow',
  COMM: 'dim',
  COREDUMP: 'red',
  SNAPSHOT: 'dim',
  START: 'bold',
  GAP: 'red',
  CHECKPOINT: 'dim',
  THROTTLE: 'yellow',
  CANARY: 'dim',
  RELOAD: 'bold',
  STOP: 'bold',
} as const;
