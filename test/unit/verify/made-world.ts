import type { AgentEvent, AgentStart, PreviousRun } from '../../../src/core/agent-event.ts';
import type { Encoded } from '../../../src/core/encoded.ts';
import { uuidText } from '../../../src/core/uuid.ts';
import { LaneAccount } from '../../../src/pipeline/account.ts';
import type { Evidence } from '../../../src/verify/evidence.ts';
import { madeItem } from './made-item.ts';
import type { Item, Own } from './made-item.ts';
import { NO_UPSTREAM as upstream } from '../../helpers/no-upstream.ts';
import { id } from './made-runs.ts';

interface Made {
  readonly sink: number;
  readonly durable: boolean;
  account: LaneAccount;
  /** Batches as they were accepted. */
  readonly queue: Item[][];
  isThere: boolean;
  lastAccepted: number;
}

/** What is true of one run in one sink. */
export interface Truth {
  /** Of what its checkpoints cover: accepted, and neither evicted nor refused nor lost without a name. */
  readonly due: Set<number>;
  readonly uncovered: Set<number>;
  /** Only the number of what is gone is known. */
  isVague: boolean;
}

const HOUR_US = 3_600_000_000;
export const END_US = 2_000_000 * HOUR_US;

/**
 * A host whose sinks fail in every way they can, over several runs: with the accounts that the agent has, and a plain book of what is true beside
 * them. Refusals and losses come before the last statement of a run.
 */
export class MadeWorld {
  readonly arrived: { readonly record: Evidence; readonly sink: number }[] = [];
  readonly truths = new Map<string, Truth>();
  readonly #random: () => number;
  readonly #sinks: Made[];
  #run = 0;
  #sequence = 0;
  #time = 1_000_000 * HOUR_US;
  #previous: PreviousRun | null = null;

  constructor(random: () => number) {
    this.#random = random;
    this.#sinks = Array.from({ length: 1 + this.#upTo(1) }, (_, sink) => ({
      sink: sink + 1,
      durable: this.#odds(0.6),
      account: new LaneAccount({ agentId: id(1, 0), sinkId: id(3, sink + 1) }),
      queue: [],
      isThere: true,
      lastAccepted: 0,
    }));
    const runs = 1 + this.#upTo(3);
    for (let i = 1; i <= runs; i += 1) this.#live(i === runs);
  }

  truth(run: number, sink: number): Truth {
    const key = `${run} ${sink}`;
    let truth = this.truths.get(key);
    if (truth === undefined) this.truths.set(key, (truth = { due: new Set(), uncovered: new Set(), isVague: false }));
    return truth;
  }

  #odds(chance: number): boolean {
    return this.#random() < chance;
  }

  #upTo(most: number): number {
    return Math.floor(this.#random() * (most + 1));
  }

  #live(isLast: boolean): void {
    this.#run += 1;
    this.#sequence = 0;
    this.#time += HOUR_US;
    for (const one of this.#sinks) {
      one.account = new LaneAccount({ agentId: id(1, this.#run), sinkId: id(3, one.sink) });
      one.isThere = isLast || this.#odds(0.9);
      one.lastAccepted = 0;
    }
    this.#happen('START', { start: this.#start() });
    const steps = this.#upTo(40);
    for (let i = 0; i < steps; i += 1) this.#step();
    const isClean = isLast || this.#odds(0.6);
    if (isLast) for (const one of this.#sinks) if (!one.isThere) this.#join(one);
    if (isClean) this.#stop(isLast);
    else this.#kill();
    const known = this.#sinks.filter(({ lastAccepted }) => lastAccepted > 0);
    this.#previous = {
      agent_id: id(1, this.#run),
      clean: isClean,
      time: this.#time,
      last_sequences: Object.fromEntries(known.map(({ sink, lastAccepted }) => [uuidText(id(3, sink)), lastAccepted])),
      last_kernel_seqs: {},
    };
  }

  #step(): void {
    const one = this.#sinks[this.#upTo(this.#sinks.length - 1)] as Made;
    const what = this.#random();
    if (what < 0.45) this.#events(1 + this.#upTo(8));
    else if (what < 0.62) this.#checkpoint(one);
    else if (what < 0.95) this.#deliver(one);
    else if (!one.isThere) this.#join(one);
    else if (what > 0.98) this.#leave(one);
  }

  #join(one: Made): void {
    one.isThere = true;
    one.account.join(this.#sequence + 1);
  }

  #leave(one: Made): void {
    this.#happen('RELOAD', { reload: { config_hash: '', ok: true, reason: null } });
    this.#checkpoint(one, true);
    one.isThere = false;
    this.#drain(one);
  }

  #stop(isLast: boolean): void {
    this.#happen('STOP', { stop: { reason: 'asked', clean: true, upstream } });
    for (const one of this.#sinks) {
      this.#checkpoint(one, true);
      if (isLast || !one.durable || this.#odds(0.5)) this.#drain(one);
    }
  }

  /** Behind a statement; what is dropped between the last one and a kill is lost, and nobody says so. */
  #kill(): void {
    for (const one of this.#sinks) {
      this.#checkpoint(one);
      if (!one.durable) this.#drain(one);
    }
    const tail = this.#upTo(3);
    for (let i = 0; i < tail; i += 1) this.#tail();
  }

  #tail(): void {
    const event = this.#item('process', (this.#sequence += 1), null);
    for (const one of this.#sinks) {
      if (!one.isThere) continue;
      one.account.sequenced(event.encoded.sequence);
      one.lastAccepted = event.encoded.sequence;
      if (one.durable) one.queue.push([event]);
      else if (this.#odds(0.5)) this.#arrive(event, one.sink);
    }
  }

  #drain({ sink, queue }: Made): void {
    for (const item of queue.splice(0).flat()) this.#arrive(item, sink);
  }

  #events(count: number): void {
    const events: Item[] = [];
    for (let i = 0; i < count; i += 1) events.push(this.#item('process', (this.#sequence += 1), null));
    for (const one of this.#sinks) if (one.isThere) this.#take(one, events, 0.2);
  }

  /** An event of the agent's own, which no filter leaves out. */
  #happen(kind: AgentEvent['kind'], body: Partial<AgentEvent>): void {
    const item = this.#item('agent', (this.#sequence += 1), { kind, body });
    for (const one of this.#sinks) if (one.isThere) this.#take(one, [item], 0);
  }

  #take(one: Made, events: readonly Item[], filtered: number): void {
    const { account } = one;
    const wanted = events.filter(({ encoded }) => {
      account.sequenced(encoded.sequence);
      if (!this.#odds(filtered)) return true;
      account.filtered();
      return false;
    });
    const [first, last] = [wanted.at(0), wanted.at(-1)];
    if (first === undefined || last === undefined) return;
    const [from, to] = [first.encoded.sequence, last.encoded.sequence];
    if (this.#odds(0.1)) return account.dropped({ from, to, count: wanted.length, reason: 'queue_full' });
    if (this.#odds(0.1)) this.#evict(one);
    one.queue.push(wanted);
    account.accepted(wanted.map(({ encoded }) => encoded));
    one.lastAccepted = to;
    for (const { encoded } of wanted) this.truth(this.#run, one.sink).uncovered.add(encoded.sequence);
  }

  #evict({ account, queue, sink }: Made): void {
    for (const items of queue.splice(0, this.#upTo(3))) {
      const events = items.filter(({ encoded }) => encoded.sequence > 0);
      const checkpoints = items.filter(({ encoded }) => encoded.sequence === 0).map(({ encoded }) => encoded);
      const sequences = events.map(({ encoded }) => encoded.sequence);
      const [run = 0] = items.map((item) => item.run);
      account.evicted({
        ...(run === this.#run ? {} : { agentId: id(1, run) }),
        fromSequence: sequences[0] ?? 0,
        toSequence: sequences.at(-1) ?? 0,
        count: events.length,
        items: events.map(({ encoded }) => encoded),
        checkpoints,
      });
      for (const item of items) this.#isGone(item, sink);
    }
  }

  #isGone({ run, encoded }: Item, sink: number): void {
    const { due, uncovered } = this.truth(run, sink);
    due.delete(encoded.sequence);
    uncovered.delete(encoded.sequence);
  }

  #deliver(one: Made): void {
    const { queue, sink, account } = one;
    const batches = queue.splice(0, 1 + this.#upTo(2));
    const items = batches.flat();
    const what = one.isThere ? this.#random() : 1;
    if (what < 0.12) {
      // Written, and not acknowledged: it comes again.
      for (const item of items) if (this.#odds(0.7)) this.#arrive(item, sink);
      queue.unshift(...batches);
    } else if (what < 0.3) this.#refuse(one, items);
    else if (what < 0.33) this.#lose(one, items);
    else {
      account.delivered(items.map((item) => this.#pulled(item)));
      for (const item of items) this.#arrive(item, sink);
    }
  }

  #refuse({ account, sink }: Made, items: readonly Item[]): void {
    const bad = items.filter(({ encoded }) => encoded.sequence > 0 && this.#odds(0.3));
    const good = items.filter((item) => !bad.includes(item));
    account.gone(
      bad.map((item) => this.#pulled(item)),
      'dead_lettered',
    );
    for (const item of bad) this.#isGone(item, sink);
    for (const item of good) this.#arrive(item, sink);
  }

  /** Some arrived, and nobody knows which. */
  #lose({ account, sink }: Made, items: readonly Item[]): void {
    const events = items.filter(({ encoded }) => encoded.sequence > 0);
    const lost = events.filter(() => this.#odds(0.5));
    account.gone(
      events.map((item) => this.#pulled(item)),
      'dropped',
      lost.length,
    );
    for (const item of items) if (!lost.includes(item)) this.#arrive(item, sink);
    for (const item of lost) this.#isGone(item, sink);
    // Of records of several runs the number of each is not known either.
    for (const { run } of items) this.truth(run, sink).isVague = true;
  }

  #pulled({ run, encoded }: Item): Encoded {
    return run === this.#run ? encoded : { ...encoded, origin: { agentId: id(1, run), format: '' } };
  }

  #arrive({ evidence }: Item, sink: number): void {
    this.arrived.push({ record: evidence, sink });
  }

  #checkpoint(one: Made, final = false): void {
    if (!one.isThere) return;
    const { account, sink } = one;
    const checkpoint = structuredClone({ ...account.statement, upstream, final });
    const amendments = checkpoint.amendments.map((amendment) => ({
      ...amendment,
      digest: amendment.digest === null ? null : Buffer.from(amendment.digest),
      agent_id: amendment.agent_id === null ? null : Buffer.from(amendment.agent_id),
    }));
    const body = { checkpoint: { ...checkpoint, amendments, sink_id: id(3, sink), digest: Buffer.from(checkpoint.digest) } };
    const item = this.#item('agent', 0, { kind: 'CHECKPOINT', body });
    for (const encoded of account.stated(item.encoded)) one.queue.push([this.#stated(encoded, item)]);
    const { due, uncovered } = this.truth(this.#run, sink);
    for (const sequence of uncovered) due.add(sequence);
    uncovered.clear();
  }

  readonly #checkpoints = new Map<Encoded, Item>();
  #stated(encoded: Encoded, item: Item): Item {
    if (encoded === item.encoded) this.#checkpoints.set(encoded, item);
    return this.#checkpoints.get(encoded) ?? item;
  }

  #item(stream: 'process' | 'agent', sequence: number, own: Own | null): Item {
    this.#time += 1000;
    return madeItem({ run: this.#run, time: this.#time, stream, sequence, own });
  }

  #start(): AgentStart {
    const sinks = this.#sinks.map(({ sink }) => ({ name: `sink-${sink}`, type: 'file', sink_id: id(3, sink) }));
    const nothing = { config_hash: '', sources: [], capabilities: [], degraded: [], loss_windows: [] };
    return { version: '1', ...nothing, sinks, previous: this.#previous };
  }
}
