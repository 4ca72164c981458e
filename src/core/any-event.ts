import type { AgentEvent } from './agent-event.ts';
import type { ProcessEvent } from './event.ts';

/** Either record, as it travels between enrichment and the encoders. */
export type AnyEvent =
  { readonly stream: 'process'; readonly event: ProcessEvent } | { readonly stream: 'agent'; readonly event: AgentEvent };
