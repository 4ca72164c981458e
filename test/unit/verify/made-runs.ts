import type { AgentCheckpoint, AgentEvent, AgentStart } from '../../../src/core/agent-event.ts';
import type { Encoded } from '../../../src/core/encoded.ts';
import type { Uuid } from '../../../src/core/event.ts';
import { uuidText } from '../../../src/core/uuid.ts';
import { LaneAccount } from '../../../src/pipeline/account.ts';
import type { Evidence, Place } from '../../../src/verify/evidence.ts';
import { Verifier } from '../../../src/verify/verifier.ts';
import type { Report } from '../../../src/verify/report.ts';
import { NO_UPSTREAM as upstream } from '../../helpers/no-upstream.ts';
import { record } from '../../contract/records.ts';

/** Runs as an agent leaves them in a sink, made with the account that the agent has. */
export const id = (kind: number, n: number): Uuid => Buffer.from([kind, ...Array.from({ length: 14 }, () => 0x44), n]);

/** What becomes of a batch of events, in turn. */
export type Fate = 'accepted' | 'filtered' | 'queue_full' | 'evicted' | 'dead_lettered' | 'evicted_but_there';
export interface Step {
  readonly fate: Fate;
  readonly count: number;
  /** States a checkpoint behind it. */
  readonly checkpoint: boolean;
}
export interface RunPlan {
  readonly host: number;
  readonly run: number;
  readonly sink: number;
  readonly steps: readonly Step[];
  /** `stop_dropped`: the queue was full. `leave`: the sink was removed, by an agent that did not call its last checkpoint final. */
  readonly end: 'stop' | 'stop_dropped' | 'remove' | 'leave' | 'kill';
  /** Of the run before, on the same host. */
  readonly previous?: { readonly run: number; readonly clean: boolean; readonly accepted: number };
}

const HOUR_US = 3_600_000_000;
const RUN_US = 1_000_000 * HOUR_US;

/** The records that reach the sink, in order. */
export class MadeRun {
  readonly plan: RunPlan;
  readonly records: Evidence[] = [];
  readonly #account: LaneAccount;
  #sequence = 0;
  #time: number;
  accepted = 0;
  lastAccepted = 0;

  constructor(plan: RunPlan) {
    this.plan = plan;
    this.#time = RUN_US + plan.run * HOUR_US;
    this.#account = new LaneAccount({ agentId: id(1, plan.run), sinkId: id(3, plan.sink) });
    this.#own('START', { start: this.#start() });
    for (const step of plan.steps) this.#take(step);
    if (plan.end === 'kill') return;
    if (plan.end === 'remove') this.#own('RELOAD', { reload: { config_hash: '', ok: true, reason: null } });
    else if (plan.end === 'stop') this.#own('STOP', { stop: { reason: 'asked', clean: true, upstream } });
    else if (plan.end === 'stop_dropped') this.#drop();
    this.#checkpoint(plan.end !== 'leave');
  }

  #take({ fate, count, checkpoint }: Step): void {
    const from = this.#sequence + 1;
    const items: Encoded[] = [];
    for (let i = 0; i < count; i += 1) {
      this.#sequence += 1;
      this.#account.sequenced(this.#sequence);
      if (fate === 'filtered') this.#account.filtered();
      else items.push(record(this.#sequence));
    }
    const to = this.#sequence;
    if (fate === 'queue_full') this.#account.dropped({ from, to, count, reason: fate });
    else if (items.length > 0) this.#accept(items, fate);
    if (checkpoint) this.#checkpoint();
  }

  #accept(items: readonly Encoded[], fate: Fate): void {
    this.#account.accepted(items);
    this.accepted += items.length;
    this.lastAccepted = items.at(-1)?.sequence ?? 0;
    const [first = 0, last = 0] = [items[0]?.sequence, items.at(-1)?.sequence];
    if (fate === 'dead_lettered') this.#account.gone(items, fate);
    if (fate === 'evicted' || fate === 'evicted_but_there')
      this.#account.evicted({ fromSequence: first, toSequence: last, count: items.length, items, checkpoints: [] });
    if (fate === 'accepted' || fate === 'evicted_but_there') for (const { sequence } of items) this.#put('process', sequence, null);
  }

  #own(kind: 'START' | 'RELOAD' | 'STOP', body: Partial<AgentEvent>): void {
    this.#sequence += 1;
    this.#account.sequenced(this.#sequence);
    this.#account.accepted([record(this.#sequence, 16, 'agent')]);
    this.accepted += 1;
    this.lastAccepted = this.#sequence;
    this.#put('agent', this.#sequence, this.#event(kind, body));
  }

  #drop(): void {
    const sequence = (this.#sequence += 1);
    this.#account.sequenced(sequence);
    this.#account.dropped({ from: sequence, to: sequence, count: 1, reason: 'queue_full' });
  }

  #checkpoint(final = false): void {
    const checkpoint = structuredClone({ ...this.#account.statement, upstream: { ...upstream, sequenced: this.#sequence }, final });
    for (const amendment of checkpoint.amendments) if (amendment.digest !== null) amendment.digest = Buffer.from(amendment.digest);
    this.#account.stated(record(0, 16, 'agent'));
    const whole: AgentCheckpoint = { ...checkpoint, sink_id: id(3, this.plan.sink), digest: Buffer.from(checkpoint.digest) };
    this.#put('agent', null, this.#event('CHECKPOINT', { checkpoint: whole }));
  }

  #put(stream: 'process' | 'agent', sequence: number | null, event: AgentEvent | null): void {
    this.#time += 1000;
    this.records.push({ stream, agentId: id(1, this.plan.run), sequence, time: this.#time, host: this.#host, event });
  }

  #event(kind: AgentEvent['kind'], body: Partial<AgentEvent>): AgentEvent {
    const none = { start: null, snapshot: null, gap: null, checkpoint: null, throttle: null, canary: null, reload: null, stop: null };
    const ids = { agent_id: id(1, this.plan.run), host: this.#host };
    return { ...none, ...ids, kind, time: this.#time, monotonic_us: this.#time, sequence: this.#sequence, ...body };
  }

  get #host() {
    return { host_id: id(2, this.plan.host), boot_id: id(4, this.plan.host), hostname: `host-${this.plan.host}`, labels: null };
  }

  #start(): AgentStart {
    const { previous, sink } = this.plan;
    const sinkId = id(3, sink);
    return {
      version: '1',
      config_hash: '',
      sources: [],
      capabilities: [],
      degraded: [],
      sinks: [{ name: `sink-${sink}`, type: 'file', sink_id: sinkId }],
      loss_windows: [],
      previous:
        previous === undefined
          ? null
          : {
              agent_id: id(1, previous.run),
              clean: previous.clean,
              time: this.#time,
              last_sequences: { [uuidText(sinkId)]: previous.accepted },
              last_kernel_seqs: {},
            },
    };
  }
}

export const isProcess = ({ stream }: Evidence): boolean => stream === 'process';
export const checkpointOf = ({ event }: Evidence): AgentCheckpoint | null => event?.checkpoint ?? null;

/** Long after the last of them. */
const LATER_US = RUN_US + 1000 * HOUR_US;

export interface Delivered {
  readonly record: Evidence;
  readonly sink: number;
  readonly file?: NonNullable<Place['file']>;
}

export function verdictOn(delivered: readonly Delivered[], nowUs = LATER_US, expectedHosts: readonly string[] = []): Report {
  const verifier = new Verifier();
  const places = new Map<string, Place>();
  for (const { record: one, sink, file } of delivered) {
    const name = `place-${sink} ${file?.stream} ${file?.age}`;
    let place = places.get(name);
    if (place === undefined)
      places.set(name, (place = { place: `place-${sink}`, sink: id(3, sink), ...(file === undefined ? {} : { file }) }));
    verifier.add(one, place);
  }
  return verifier.report({ nowUs, expectedHosts });
}

export const deliveredOf = (run: MadeRun): Delivered[] => run.records.map((one) => ({ record: one, sink: run.plan.sink }));
