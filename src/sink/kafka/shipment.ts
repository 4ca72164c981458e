import { AgentError } from '../../core/errors.ts';
import type { KafkaDriver, PartitionRecords, Prepared } from './driver.ts';
import { KafkaFault } from './fault.ts';
import { agentErrorOf, reactionTo } from './reaction.ts';
import { timestampOf } from './record.ts';
import type { KafkaRecord } from './record.ts';

export interface ShipmentCounters {
  /**
   * Records that may be there twice: sent again although the broker may have had them and no longer recognises them, or with the broker when the batch that they
   * were in was given back.
   */
  possibleDuplicates: number;
  /** Records that were sent with the present as their record time. */
  retimed: number;
}

interface Part {
  readonly prepared: Prepared;
  /** Record time of all, in place of the events' own. */
  readonly nowMs: number | undefined;
  /** An attempt ended without a word about what became of it. */
  unsure: boolean;
  /** It counts as what may come twice. */
  doubted: boolean;
}

/**
 * A broker recognises a batch that it has by what it keeps of its producer, and forgets that `producer.id.expiration.ms` after the record time of the producer's
 * last batch in the partition: a day by default, less an hour for clocks that differ. It looks every ten minutes, and when it starts. So of events that
 * waited longer in a queue on disk it may have forgotten a batch soon after it came, and takes it again, whatever its sequence.
 */
const FORGOTTEN_MS = 23 * 3_600_000;

/** Brokers that have just started may know less than others for a while. */
const ASTRAY_MS = 5000;

/** A record time is the present for as long. */
const PRESENT_MS = 10_000;

/** How many times in one go the same records may be sent before the fault goes up, besides twice for each, which it takes to find those that are refused. */
const MAX_TURNS = 64;

/**
 * What a batch has for one partition, on its way until every record of it is acknowledged or refused. It is made into parts where it is too large or holds what the
 * broker refuses; what is acknowledged is never sent again.
 */
export class Shipment {
  readonly target: PartitionRecords;
  /** Those that the broker will never take, with what it said. */
  readonly refused = new Map<KafkaRecord, AgentError>();
  readonly #driver: KafkaDriver;
  readonly #counters: ShipmentCounters;
  /** In order; the first is the one on its way. */
  #parts: Part[] | undefined;
  /** A part has been sent, so that the others stay as they are. */
  #begun = false;
  #isSending = false;
  #acknowledged = 0;
  #goneSinceMs = Number.POSITIVE_INFINITY;

  constructor(target: PartitionRecords, driver: KafkaDriver, counters: ShipmentCounters) {
    this.target = target;
    this.#driver = driver;
    this.#counters = counters;
  }

  get isDone(): boolean {
    return this.#parts?.length === 0;
  }

  /** Whether a part of it may be with the broker without our knowing: then nothing else may go to the partition before it. */
  get isUndecided(): boolean {
    return this.#parts?.[0]?.unsure === true;
  }

  /** Its partition is not there, and has not been for long enough that no broker has merely not heard of it yet. */
  get isAstray(): boolean {
    return performance.now() - this.#goneSinceMs > ASTRAY_MS;
  }

  get isSending(): boolean {
    return this.#isSending;
  }

  /** Bytes of a record of what is ready, as sent. */
  get bytesEach(): number {
    const { bytes, target } = this.#parts?.[0]?.prepared ?? {};
    return bytes === undefined || target === undefined ? 0 : bytes / target.records.length;
  }

  /** How many of its records the broker has, or may have. */
  get perhapsThere(): number {
    return this.#acknowledged + (this.isUndecided ? (this.#parts?.[0]?.prepared.target.records.length ?? 0) : 0);
  }

  /** Those of which it is not known that the broker has them, or refuses them. */
  get left(): readonly KafkaRecord[] {
    return this.#parts?.flatMap(({ prepared }) => prepared.target.records) ?? this.target.records;
  }

  /** Nothing of it is sent any more: what is left has gone into others. */
  dissolve(): void {
    const [part] = this.#parts ?? [];
    if (part?.unsure === true) this.#doubt(part);
    this.#parts = [];
  }

  /** Makes ready what is to be sent, so that `send` need not. `maxBytes`: no part is to be larger. `bytesEach`: of a record, as far as is known. */
  prepare(maxBytes: number, bytesEach = 0): void {
    const isReady = this.#parts !== undefined && (this.#begun || this.#parts.every(({ prepared }) => prepared.bytes <= maxBytes));
    if (!isReady) this.#parts = this.#prepared(this.target.records, maxBytes, bytesEach);
  }

  /** Resolves when it is done; rejects with an AgentError when it is to be tried again later. */
  async send(maxBytes: number): Promise<void> {
    this.prepare(maxBytes);
    this.#begun = true;
    this.#isSending = true;
    try {
      await this.#sendParts(this.#parts as Part[]);
    } finally {
      this.#isSending = false;
    }
  }

  async #sendParts(parts: Part[]): Promise<void> {
    const most = MAX_TURNS + 2 * this.target.records.length;
    for (let turns = 0; parts.length > 0; turns += 1) {
      const part = parts[0] as Part;
      if (part.unsure && isForgotten(part)) this.#doubt(part);
      const fault = await this.#attempt(part);
      if (fault === undefined) this.#acknowledge(part);
      else if (!(await this.#mend(part, fault))) throw agentErrorOf(fault, { topic: this.target.topic });
      else if (turns >= most)
        throw new AgentError('SINK_UNREACHABLE', `${fault.message}, whatever is done about it`, {
          cause: fault,
          context: { fault: fault.fault, topic: this.target.topic },
        });
    }
  }

  /** The size of the part that was too large last; infinite when none was. */
  tooLargeBytes = Number.POSITIVE_INFINITY;

  #acknowledge({ prepared: { target } }: Part): void {
    this.#acknowledged += target.records.length;
    this.#replace([]);
  }

  async #attempt({ prepared }: Part): Promise<KafkaFault | undefined> {
    try {
      await this.#driver.send(prepared);
      this.#goneSinceMs = Number.POSITIVE_INFINITY;
      return undefined;
    } catch (error) {
      if (!(error instanceof KafkaFault)) throw error;
      this.#goneSinceMs = error.fault === 'PARTITION_GONE' ? Math.min(this.#goneSinceMs, performance.now()) : Number.POSITIVE_INFINITY;
      return error;
    }
  }

  /** Whether there is anything to be sent at once, after the first part has been changed or taken out. */
  async #mend(part: Part, fault: KafkaFault): Promise<boolean> {
    const { action, outcome } = reactionTo(fault.fault);
    part.unsure ||= fault.triedBefore;
    switch (action) {
      case 'done':
        // What the driver counts and what the broker has may differ by this batch.
        part.unsure = false;
        await this.#renew(part);
        this.#acknowledge(part);
        return true;
      case 'split':
        this.tooLargeBytes = Math.min(this.tooLargeBytes, part.prepared.bytes);
        return this.#remake(part, this.#halves(part, fault));
      case 'refuse':
        return this.#remake(part, this.#withoutRefused(part, fault));
      case 'retime':
        if (isOfNow(part)) throw agentErrorOf(wrongClock(part, fault), { topic: this.target.topic });
        if (part.nowMs === undefined) this.#counters.retimed += part.prepared.target.records.length;
        return this.#remake(part, [part.prepared.target.records], Date.now());
      case 'renew':
        await this.#renew(part);
        return this.#remake(part, [part.prepared.target.records]);
      case 'giveUp':
        await this.#renew(part);
        return false;
      case 'again':
      case 'hold':
        part.unsure ||= outcome === 'unknown';
        return false;
    }
  }

  /** Other bytes must not go under the identity of what may have arrived. */
  async #remake(part: Part, pieces: readonly (readonly KafkaRecord[])[], nowMs?: number): Promise<boolean> {
    if (part.unsure) await this.#renew(part);
    this.#replace(pieces.map((records) => this.#part(records, nowMs)));
    return true;
  }

  async #renew(part: Part): Promise<void> {
    await this.#driver.renew(this.target).catch((error: unknown) => {
      throw error instanceof KafkaFault ? agentErrorOf(error) : error;
    });
    if (part.unsure) this.#doubt(part);
    part.unsure = false;
  }

  /** Once, however often it is sent again. */
  #doubt(part: Part): void {
    if (part.doubted) return;
    part.doubted = true;
    this.#counters.possibleDuplicates += part.prepared.target.records.length;
  }

  #replace(parts: Part[]): void {
    this.#parts?.splice(0, 1, ...parts);
  }

  #halves({ prepared: { target } }: Part, fault: KafkaFault): readonly (readonly KafkaRecord[])[] {
    const { records } = target;
    if (records.length === 1) return this.#without(records, [0], fault);
    const middle = Math.ceil(records.length / 2);
    return [records.slice(0, middle), records.slice(middle)];
  }

  #withoutRefused(part: Part, fault: KafkaFault): readonly (readonly KafkaRecord[])[] {
    const { records } = part.prepared.target;
    const named = fault.refused.filter((index) => index < records.length);
    return named.length === 0 ? this.#halves(part, fault) : this.#without(records, named, fault);
  }

  #without(records: readonly KafkaRecord[], indexes: readonly number[], fault: KafkaFault): readonly (readonly KafkaRecord[])[] {
    const error = agentErrorOf(fault, { topic: this.target.topic });
    for (const index of indexes) this.refused.set(records[index] as KafkaRecord, error);
    const rest = records.filter((_, index) => !indexes.includes(index));
    return rest.length === 0 ? [] : [rest];
  }

  /** `bytesEach`: what a record is thought to take; a part that turns out too large for all that is cut again. */
  #prepared(records: readonly KafkaRecord[], maxBytes: number, bytesEach: number): Part[] {
    const most = Math.min(this.#driver.maxRecords, Math.max(1, Math.floor(maxBytes / bytesEach)));
    const pieces = Math.ceil(records.length / most);
    if (pieces > 1) return slices(records, pieces).flatMap((some) => this.#prepared(some, maxBytes, 0));
    const whole = this.#part(records);
    const { bytes } = whole.prepared;
    return bytes <= maxBytes || records.length === 1 ? [whole] : this.#prepared(records, maxBytes, bytes / records.length);
  }

  #part(records: readonly KafkaRecord[], nowMs?: number): Part {
    return { prepared: this.#driver.prepare({ ...this.target, records }, nowMs), nowMs, unsure: false, doubted: false };
  }
}

/** As large as each other. */
function slices<T>(items: readonly T[], count: number): T[][] {
  const size = Math.ceil(items.length / count);
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
}

/** Its record time is the present already, or was a moment ago. */
function isOfNow({ nowMs }: Part): boolean {
  return nowMs !== undefined && Math.abs(Date.now() - nowMs) < PRESENT_MS;
}

function wrongClock({ nowMs = 0 }: Part, fault: KafkaFault): KafkaFault {
  return new KafkaFault('CLOCK', `${fault.message}: what this machine takes for now, ${new Date(nowMs).toISOString()}`, { cause: fault });
}

function isForgotten({ prepared, nowMs }: Part): boolean {
  const forgottenMs = Date.now() - FORGOTTEN_MS;
  if (nowMs !== undefined) return nowMs < forgottenMs;
  return prepared.target.records.every(({ event }) => timestampOf(event) < forgottenMs);
}
