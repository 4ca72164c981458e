import type { AgentEvent } from '../core/agent-event.ts';
import type { Host, RecordStream, Uuid } from '../core/event.ts';

/** What a check needs of one record, from wherever it is read. */
export interface Evidence {
  readonly stream: RecordStream;
  readonly agentId: Uuid;
  /** null: CHECKPOINT. */
  readonly sequence: number | null;
  /** Microseconds since the epoch. */
  readonly time: number;
  readonly host: Pick<Host, 'host_id' | 'boot_id' | 'hostname'>;
  /** Records of the agent's own: the whole of it. */
  readonly event: AgentEvent | null;
}

/**
 * Where records come from, for readers of any kind. `sink` is the sink whose records they are, where the place itself says so (the metadata of
 * a file); else all records of one place are taken for those of one sink, and `place` tells places apart.
 */
export interface Place {
  readonly place: string;
  readonly sink: Uuid | null;
  /** The place is one partition of a topic, of which the verifier may be told that its beginning was removed. */
  readonly partition?: string;
  /** Where the place is one file of several: its number in its series, from 1 on, and what orders the files of a sink as text. */
  readonly file?: { readonly stream: RecordStream; readonly number: number; readonly age: string };
}
