import type { Encoder } from '../../core/component.ts';
import type { Encoded } from '../../core/encoded.ts';
import type { AgentEvent } from '../../core/agent-event.ts';
import type { AnyEvent } from '../../core/any-event.ts';
import type { ProcessEvent } from '../../core/event.ts';
import { describeAgentEvent } from './agent-line.ts';
import { paint } from './colour.ts';
import { printable } from './printable.ts';
import { describeProcessEvent } from './process-line.ts';
import { localTime } from './timestamp.ts';

export interface LineOptions {
  /** Colour the kinds and what went wrong, for terminals. */
  readonly colour?: boolean;
}

/**
 * Events as one line each, for people: local time, kind, pid, user, and what matters of the kind. Nothing of what processes and
 * configuration say reaches the terminal unescaped.
 *
 *     14:03:22.123 EXEC       24020 ana      ls -l '/var/log/my app'  [3f2a1b9c0d4e]
 */
export function createLineEncoder(options: LineOptions = {}): Encoder<AnyEvent> {
  const colour = options.colour ?? false;
  return {
    encode({ stream, event }): Encoded {
      const text = stream === 'process' ? processLine(event, colour) : agentLine(event, colour);
      return { stream, kind: event.kind, sequence: event.sequence ?? 0, timeUs: event.time, bytes: Buffer.from(text, 'utf8') };
    },
  };
}

const KIND_WIDTH = 10;
const PID_WIDTH = 7;
const USER_WIDTH = 8;

function processLine(event: ProcessEvent, colour: boolean): string {
  const { pid, user, uid } = event.process;
  const who = user === null ? String(uid ?? '?') : printable(user);
  const where = event.container === null ? '' : `  [${printable(event.container.id.slice(0, 12))}]`;
  const head = `${localTime(event.time)} ${kindText(event.kind, colour)} ${String(pid).padStart(PID_WIDTH)} ${who.padEnd(USER_WIDTH)}`;
  return `${head} ${describeProcessEvent(event, colour)}${where}\n`;
}

function agentLine(event: AgentEvent, colour: boolean): string {
  const blank = `${'-'.padStart(PID_WIDTH)} ${'-'.padEnd(USER_WIDTH)}`;
  return `${localTime(event.time)} ${kindText(event.kind, colour)} ${blank} ${describeAgentEvent(event, colour)}\n`;
}

function kindText(kind: ProcessEvent['kind'] | AgentEvent['kind'], colour: boolean): string {
  const padded = kind.padEnd(KIND_WIDTH);
  return colour ? paint(padded, KIND_COLOURS[kind]) : padded;
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
