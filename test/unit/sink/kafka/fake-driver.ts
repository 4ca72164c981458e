import type { KafkaDriver, PartitionRecords, Prepared } from '../../../../src/sink/kafka/driver.ts';
import { KafkaFault } from '../../../../src/sink/kafka/fault.ts';

export interface Attempt {
  readonly partition: number;
  readonly sequences: readonly number[];
  readonly prepared: Prepared;
  readonly nowMs: number | undefined;
}

/** What a broker does with an attempt: takes it, or answers with a fault; `appends`: takes it although it does. */
export type Answer =
  { readonly fault?: string; readonly refused?: readonly number[]; readonly appends?: boolean; readonly triedBefore?: boolean } | undefined;

/** A cluster of one topic that does what it is told, and recognises what it has by the prepared batch. */
export class FakeDriver implements KafkaDriver {
  maxRecords = Number.POSITIVE_INFINITY;
  /** Sequences in each partition's log. */
  readonly logs = new Map<number, number[]>();
  readonly attempts: Attempt[] = [];
  readonly renewed: number[] = [];
  answer: (attempt: Attempt) => Answer | Promise<Answer> = () => undefined;
  partitionCount = 1;
  opening: (() => Promise<void>) | undefined;
  closed = false;
  readonly #times = new Map<Prepared, number | undefined>();
  #known = new Map<Prepared, true>();

  async open(): Promise<void> {
    await this.opening?.();
  }

  partitions(_topic?: string): Promise<number> {
    return Promise.resolve(this.partitionCount);
  }

  /** A thousand bytes a record. */
  prepare(target: PartitionRecords, nowMs?: number): Prepared {
    const prepared = { target, bytes: target.records.length * 1000 };
    this.#times.set(prepared, nowMs);
    return prepared;
  }

  async send(prepared: Prepared): Promise<void> {
    if (this.closed) throw new KafkaFault('CLOSED', 'closed');
    const { partition, records } = prepared.target;
    const sequences = records.map(({ event }) => event.sequence);
    const attempt = { partition, sequences, prepared, nowMs: this.#times.get(prepared) };
    this.attempts.push(attempt);
    const answer = await this.answer(attempt);
    if (answer?.fault === undefined || answer.appends === true) this.#append(prepared, sequences);
    if (answer?.fault !== undefined)
      throw new KafkaFault(answer.fault, `answers ${answer.fault}`, {
        refused: answer.refused ?? [],
        triedBefore: answer.triedBefore ?? false,
      });
  }

  renew({ partition }: PartitionRecords): Promise<void> {
    this.renewed.push(partition);
    this.#known = new Map();
    return Promise.resolve();
  }

  close(): Promise<void> {
    this.closed = true;
    return Promise.resolve();
  }

  #append(prepared: Prepared, sequences: readonly number[]): void {
    if (this.#known.has(prepared)) return;
    this.#known.set(prepared, true);
    const { partition } = prepared.target;
    this.logs.set(partition, [...(this.logs.get(partition) ?? []), ...sequences]);
  }
}
