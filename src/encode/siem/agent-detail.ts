import type { AgentEvent } from '../../core/agent-event.ts';
import { uuidText } from '../../core/uuid.ts';
import { publishedSchema } from '../avro/schemas.ts';
import { jsonPrinter } from '../text/json-printer.ts';
import { eventIdText } from './id-text.ts';

/** They are on the event as a whole, by the names of the view. */
const ELSEWHERE: ReadonlySet<string> = new Set(['kind', 'time', 'agent_id', 'sequence', 'host']);

/** Gives what an event of the agent says, by our names, as members of an object, without the braces; see `processDetail`. */
export function createAgentDetail(): (event: AgentEvent) => string {
  const print = jsonPrinter(publishedSchema('agent').json, { maps: 'pairs' });
  return (event) => {
    const rest: Record<string, unknown> = { ...event };
    for (const field of ELSEWHERE) rest[field] = null;
    return print(rest).slice(1, -1);
  };
}

/** Of CHECKPOINT, which has no sequence: `<agent_id>:<sink_id>:<checkpoint_no>`. */
export function agentEventId({ agent_id: agentId, sequence, checkpoint }: AgentEvent): string {
  if (sequence !== null) return eventIdText(agentId, sequence);
  if (checkpoint !== null) return `${uuidText(agentId)}:${uuidText(checkpoint.sink_id)}:${checkpoint.checkpoint_no}`;
  return `${uuidText(agentId)}:0`;
}

/** In a sentence, where there is something to say in one. */
export function agentMessage({ gap, start, stop, throttle, reload }: AgentEvent): string | undefined {
  if (gap !== null) return `${gap.exact ? '' : 'at least '}${gap.count} events lost (${gap.reason}, ${gap.stage})`;
  if (start !== null) return `forkcast ${start.version} started`;
  if (stop !== null) return `forkcast stopped (${stop.reason})`;
  if (throttle !== null) return `${throttle.count} events summed up (${throttle.key})`;
  if (reload !== null) return reload.ok ? 'new configuration taken' : `new configuration refused: ${reload.reason ?? ''}`;
  return undefined;
}
