import type { UpstreamLedger } from '../core/agent-event.ts';
import type { Finding } from './finding.ts';

/**
 * How a run ended, as far as is known: `stopped`: with its STOP · `closed`: it ended cleanly for this sink, but its STOP was not for it: it was removed before, or
 * had no room · `running`: checkpoints come · `killed`: without STOP, and another run came after it · `silent`: none of these.
 */
export type RunState = 'stopped' | 'closed' | 'running' | 'killed' | 'silent';

/** One run in one sink. Times are microseconds since the epoch, ids UUID text. */
export interface RunReport {
  readonly host_id: string;
  readonly hostname: string;
  readonly agent_id: string;
  /** null where nothing says it. */
  readonly sink_id: string | null;
  readonly sink: string | null;
  readonly state: RunState;
  readonly clean: boolean | null;
  readonly from_time: number;
  readonly to_time: number;
  /** Accepted by the sink's queue, as its checkpoints say; and how many of these are there. */
  readonly expected: number;
  readonly present: number;
  readonly duplicates: number;
  /** Left out by the sink's own filter. */
  readonly filtered: number;
  /** What the run itself says is gone, by reason. */
  readonly declared: Readonly<Record<string, number>>;
  /** Accepted, not there, not declared. */
  readonly unaccounted: number;
  /** Accepted and not there, by a run that goes on, so lately that they may be on their way. */
  readonly in_flight: number;
  /** Accepted and not there, before `begins_at`. */
  readonly retained_away: number;
  /** Accepted and not there, and perhaps among what was removed from the beginning of a partition: nobody can tell. */
  readonly perhaps_removed: number;
  /** There, but in no checkpoint: the end of a run that was killed, or that still runs. */
  readonly unproven_tail: number;
  /** There, and older than the first checkpoint that is. */
  readonly unproven_head: number;
  /** The run's first sequence that is expected here; more than 1 where retention took what was before, or somebody the oldest files. */
  readonly begins_at: number;
  /** The highest that is there. */
  readonly last_sequence: number;
  /** How far the sink had accepted when it ended, where the next run says so. */
  readonly accepted_up_to: number | null;
  readonly checkpoints: number;
  readonly upstream: UpstreamLedger | null;
  readonly findings: readonly Finding[];
  /** Findings beyond those listed. */
  readonly more_findings: number;
}

/** Between two runs nobody listened, so nobody can say what happened. */
export interface Blind {
  readonly host_id: string;
  readonly sink_id: string | null;
  readonly from_time: number;
  readonly to_time: number;
  readonly after: string;
  readonly before: string;
}

export interface Report {
  /** Nothing is unaccounted for, nothing contradicts itself, no run is silent, no expected host is missing. */
  readonly proven: boolean;
  readonly unaccounted: number;
  /** Of runs that have ended. */
  readonly unproven_tail: number;
  readonly perhaps_removed: number;
  readonly runs: readonly RunReport[];
  readonly blind: readonly Blind[];
  readonly missing_hosts: readonly string[];
}
