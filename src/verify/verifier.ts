import { uuidText } from '../core/uuid.ts';
import type { Evidence, Place } from './evidence.ts';
import { judgeRun } from './judge-run.ts';
import { OldestFiles } from './oldest-files.ts';
import { RemovedBeginnings } from './removed-beginnings.ts';
import type { Blind, Report, RunReport } from './report.ts';
import { RunStream } from './run-stream.ts';
import { PageBudget } from './sequence-set.ts';

export interface Circumstances {
  /** Microseconds since the epoch. */
  readonly nowUs: number;
  /** Ids of hosts that must be there. */
  readonly expectedHosts?: readonly string[];
}

/**
 * Proves from the records alone that nothing is missing, or says exactly what is: records go in in any order, the report comes out when all
 * are in. It works by set: for each checkpoint, the events it covers are collected until their number and digest are those that it says.
 */
export class Verifier {
  readonly #streams = new Map<string, RunStream>();
  readonly #budget: PageBudget;
  readonly #oldest = new OldestFiles();
  readonly #removed = new RemovedBeginnings();
  /** Neighbouring records are nearly always of one run. */
  #last: { readonly place: Place; readonly stream: RunStream } | undefined;

  constructor(budget = new PageBudget()) {
    this.#budget = budget;
  }

  /** So many records were removed from the beginning of a partition: told before any of it is added, and again where they turn out to have been more. */
  addRemoved(partition: string, records: number): void {
    this.#removed.add(partition, records);
  }

  add(record: Evidence, place: Place): void {
    const stream = this.#streamOf(record, place);
    stream.add(record);
    this.#oldest.note(record, place, stream.where);
    this.#removed.note(record, place);
    const checkpoint = record.event?.checkpoint;
    if (!checkpoint) return;
    const sinkId = uuidText(checkpoint.sink_id);
    stream.sinkId ??= sinkId;
    if (stream.sinkId !== sinkId) {
      stream.otherSinks.set(sinkId, (stream.otherSinks.get(sinkId) ?? 0) + 1);
      return;
    }
    if (!stream.addCheckpoint(checkpoint, record.time)) return;
    for (const amendment of checkpoint.amendments) {
      const run = amendment.agent_id === null ? stream : this.#streamOf({ agentId: amendment.agent_id }, place);
      run.otherAmendments.push(amendment);
    }
  }

  /** To be called once, when all records are in. */
  report({ nowUs, expectedHosts = [] }: Circumstances): Report {
    const runs: RunReport[] = [];
    const blind: Blind[] = [];
    for (const group of this.#groups()) {
      for (const [i, stream] of group.entries()) {
        const next = group[i + 1];
        if (next !== undefined) {
          blind.push(...blindBetween(stream, next));
          findMissingRun(next, group);
        }
        const removable = this.#removed.of(stream, group);
        const run = judgeRun(stream, { nowUs, next, cutOff: this.#cutOffOf(stream, group), removable });
        this.#removed.taken(run.perhaps_removed);
        runs.push(run);
      }
    }
    const hosts = new Set(runs.map(({ host_id }) => host_id));
    const missing = expectedHosts.filter((host) => !hosts.has(host));
    const sound = runs.every(({ findings, state }) => findings.length === 0 && state !== 'silent');
    return {
      proven: sound && missing.length === 0,
      unaccounted: runs.reduce((sum, run) => sum + run.unaccounted, 0),
      unproven_tail: runs.reduce((sum, run) => sum + (run.state === 'running' ? 0 : run.unproven_tail), 0),
      perhaps_removed: runs.reduce((sum, run) => sum + run.perhaps_removed, 0),
      runs,
      blind,
      missing_hosts: missing,
    };
  }

  /** The first sequence of the run's process events that its sink still has; Infinity where the oldest file begins with a later run. */
  #cutOffOf(stream: RunStream, group: readonly RunStream[]): number {
    const oldest = this.#oldest.cutOff(stream.where);
    if (oldest === undefined) return 1;
    if (oldest.agentId.equals(stream.agentId)) return oldest.sequence;
    const first = group.findIndex(({ agentId }) => agentId.equals(oldest.agentId));
    return group.indexOf(stream) < first && !Number.isFinite(stream.lowestProcess) ? Infinity : 1;
  }

  #streamOf(record: Pick<Evidence, 'agentId'>, place: Place): RunStream {
    const last = this.#last;
    if (last !== undefined && last.place === place && last.stream.agentId.equals(record.agentId)) return last.stream;
    const where = place.sink === null ? place.place : uuidText(place.sink);
    const key = `${uuidText(record.agentId)} ${where}`;
    let stream = this.#streams.get(key);
    if (stream === undefined)
      this.#streams.set(key, (stream = new RunStream(record.agentId, { where, sinkId: place.sink, budget: this.#budget })));
    this.#last = { place, stream };
    return stream;
  }

  /** Runs of one host and sink, each group in the order of time. */
  #groups(): RunStream[][] {
    // A run that is only spoken of, in another one's amendments, is none here.
    const heard = [...this.#streams.values()].filter(({ firstTime }) => Number.isFinite(firstTime));
    const byPlace = Map.groupBy(heard, ({ hosts, where }) => `${hosts.hostId} ${where}`);
    const groups = [...byPlace].toSorted(([a], [b]) => (a < b ? -1 : 1));
    return groups.map(([, group]) => group.toSorted((a, b) => a.firstTime - b.firstTime));
  }
}

function blindBetween(stream: RunStream, next: RunStream): Blind[] {
  const from = stream.stop?.time ?? stream.lastTime;
  const to = next.start?.time ?? next.firstTime;
  if (to < from) return [];
  const ids = { host_id: stream.hosts.hostId, sink_id: stream.sinkId };
  return [{ ...ids, from_time: from, to_time: to, after: uuidText(stream.agentId), before: uuidText(next.agentId) }];
}

/** A run names the one before it: where that had this sink too, and an older one is there, it must be. */
function findMissingRun({ start, sinkId, findings }: RunStream, group: readonly RunStream[]): void {
  const previous = start?.body.previous;
  if (!previous || sinkId === null || previous.last_sequences[sinkId] === undefined) return;
  if (group.some(({ agentId }) => agentId.equals(previous.agent_id))) return;
  findings.add('run_missing', `the run before it, ${uuidText(previous.agent_id)}, is not there, though an older one is`);
}
