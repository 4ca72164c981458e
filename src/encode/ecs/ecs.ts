import type { AgentEvent, AgentKind } from '../../core/agent-event.ts';
import type { AnyEvent } from '../../core/any-event.ts';
import type { Encoder } from '../../core/component.ts';
import type { Encoded } from '../../core/encoded.ts';
import type { ProcessEvent, ProcessKind, Uuid } from '../../core/event.ts';
import { agentEventId, agentMessage, createAgentDetail } from '../siem/agent-detail.ts';
import { processDetail } from '../siem/detail.ts';
import { flat } from '../siem/flat.ts';
import { idText } from '../siem/id-text.ts';
import { remembered } from '../siem/remembered.ts';
import { TextSlab } from '../siem/text-slab.ts';
import { escaped } from '../siem/json-string.ts';
import { utcTimestamp } from '../text/timestamp.ts';
import { processRest, processText, userText } from './process.ts';
import { containerDetail, containerText, hostDetail, hostText } from './surroundings.ts';

/** The release of the Elastic Common Schema whose fields these are. */
export const ECS_VERSION = '9.4.0';

export interface EcsOptions {
  /** Version of the agent whose events they are, where it is known: `agent.version`. */
  readonly agentVersion?: string;
}

/** Of `event`, what a kind decides; with the comma before. */
const CLASSES: Readonly<Record<ProcessKind, string>> = {
  UNKNOWN: classOf('event', 'info', 'unknown'),
  FORK: classOf('event', 'start', 'fork'),
  EXEC: classOf('event', 'start', 'exec'),
  EXIT: classOf('event', 'end', 'exit'),
  UID: classOf('event', 'change', 'uid'),
  GID: classOf('event', 'change', 'gid'),
  SID: classOf('event', 'change', 'sid'),
  PTRACE: classOf('event', 'access', 'ptrace'),
  COMM: classOf('event', 'change', 'comm'),
  COREDUMP: classOf('event', 'info', 'coredump'),
  // Not something that happened: what was the case when somebody looked.
  SNAPSHOT: classOf('state', 'info', 'snapshot'),
};
const THREAD_FORK = classOf('event', 'info', 'thread_fork');
const DETACH = classOf('event', 'info', 'ptrace_detach');
const THREAD_EXIT = classOf('event', 'info', 'thread_exit');

/**
 * Of the agent's own, only what tells of processes that could not be told one by one has a category: the others are about no process of the
 * machine, and ECS wants none where none fits.
 */
const AGENT_CLASSES: Readonly<Record<AgentKind, string>> = {
  UNKNOWN: '"kind":"event","type":["info"],"action":"unknown"',
  START: '"kind":"event","type":["start"],"action":"agent_start"',
  SNAPSHOT: '"kind":"event","type":["info"],"action":"snapshot"',
  GAP: classOf('event', 'info', 'gap'),
  CHECKPOINT: '"kind":"event","type":["info"],"action":"checkpoint"',
  THROTTLE: classOf('event', 'info', 'throttle'),
  CANARY: '"kind":"event","type":["info"],"action":"canary"',
  RELOAD: '"kind":"event","category":["configuration"],"type":["change"],"action":"reload"',
  STOP: '"kind":"event","type":["end"],"action":"agent_stop"',
};

function classOf(kind: string, type: string, action: string): string {
  return flat(`"kind":"${kind}","category":["process"],"type":["${type}"],"action":"${action}"`);
}

/**
 * Events by the Elastic Common Schema: one JSON object each, nested, without a newline. What ECS has no field for is in `forkcast`, see
 * `processDetail`. `bytes` are views into shared buffers. Objects of hosts and containers are read once and must not be changed afterwards.
 */
export function createEcsEncoder({ agentVersion }: EcsOptions = {}): Encoder<AnyEvent> {
  return new EcsEncoder(agentVersion);
}

class EcsEncoder implements Encoder<AnyEvent> {
  readonly #slab = new TextSlab();
  readonly #agentOf: (id: Uuid) => string;
  readonly #hostOf = remembered(hostText);
  readonly #hostDetailOf = remembered(hostDetail);
  readonly #containerOf = remembered(containerText);
  readonly #containerDetailOf = remembered(containerDetail);
  readonly #detailOf = createAgentDetail();

  constructor(agentVersion: string | undefined) {
    const version = agentVersion === undefined ? '' : `,"version":"${escaped(agentVersion)}"`;
    this.#agentOf = remembered((id) => `,"agent":{"type":"forkcast","ephemeral_id":"${idText(id)}"${version}}`);
  }

  encode(any: AnyEvent): Encoded {
    const { kind, sequence, time } = any.event;
    const text = any.stream === 'process' ? this.#process(any.event) : this.#agent(any.event);
    return { stream: any.stream, kind, sequence: sequence ?? 0, timeUs: time, bytes: this.#slab.put(text) };
  }

  #process(event: ProcessEvent): string {
    const { process, container, exit } = event;
    const time = utcTimestamp(event.time);
    let text = `{"@timestamp":"${time}","ecs":{"version":"${ECS_VERSION}"},"event":{${classText(event)},"id":"${idText(event.agent_id)}:${
      event.sequence
    }","sequence":${event.sequence},"module":"forkcast","dataset":"forkcast.process"`;
    if (exit !== null && exit.duration_us !== null) text += `,"duration":${nanoseconds(exit.duration_us)}`;
    text += `}${this.#agentOf(event.agent_id)}${this.#hostOf(event.host)}${processText(event, time)}${userText(process)}`;
    if (container !== null) text += this.#containerOf(container);
    text += `,"forkcast":{${processDetail(event)}${processRest(event)}${this.#hostDetailOf(event.host)}`;
    if (container !== null) text += this.#containerDetailOf(container);
    return `${text}}}`;
  }

  #agent(event: AgentEvent): string {
    const { gap, throttle, reload } = event;
    const span = gap ?? throttle;
    const message = agentMessage(event);
    let text = `{"@timestamp":"${utcTimestamp(event.time)}","ecs":{"version":"${ECS_VERSION}"},"event":{${AGENT_CLASSES[event.kind]},"id":"${agentEventId(
      event,
    )}"`;
    if (event.sequence !== null) text += `,"sequence":${event.sequence}`;
    text += ',"module":"forkcast","dataset":"forkcast.agent"';
    if (gap !== null) text += `,"reason":"${escaped(gap.reason)}"`;
    if (reload !== null) text += `,"outcome":"${reload.ok ? 'success' : 'failure'}"`;
    if (span !== null) text += `,"start":"${utcTimestamp(span.from_time)}","end":"${utcTimestamp(span.to_time)}"`;
    text += `}${this.#agentOf(event.agent_id)}${this.#hostOf(event.host)}`;
    if (message !== undefined) text += `,"message":"${escaped(message)}"`;
    return `${text},"forkcast":{${this.#detailOf(event)}${this.#hostDetailOf(event.host)}}}`;
  }
}

function classText({ kind, process, ptrace, fork }: ProcessEvent): string {
  if (process.tid !== null || fork?.is_thread === true) {
    if (kind === 'FORK') return THREAD_FORK;
    if (kind === 'EXIT') return THREAD_EXIT;
  }
  if (kind === 'PTRACE' && ptrace !== null && !ptrace.attach) return DETACH;
  return CLASSES[kind];
}

/** A product would leave the integers that a double has. */
const nanoseconds = (us: number): string => (us === 0 ? '0' : `${us}000`);
