import type { KafkaDriver, PartitionRecords, Prepared } from './driver.ts';
import { explain } from './explain.ts';
import type { Asked, Security } from './explain.ts';
import { KafkaFault } from './fault.ts';
import { reactionTo } from './reaction.ts';

/** A driver whose faults say what to do about them, in the words of the configuration. */
export class ExplainingDriver<P extends Prepared> implements KafkaDriver<P> {
  readonly #driver: KafkaDriver<P>;
  readonly #security: Security;
  #reached = false;

  constructor(driver: KafkaDriver<P>, security: Security) {
    this.#driver = driver;
    this.#security = security;
  }

  get maxRecords(): number {
    return this.#driver.maxRecords;
  }

  async open(signal: AbortSignal): Promise<void> {
    await this.#explained(this.#driver.open(signal));
    this.#reached = true;
  }

  partitions(topic: string, signal: AbortSignal): Promise<number> {
    return this.#explained(this.#driver.partitions(topic, signal), { topic, to: 'see' });
  }

  prepare(target: PartitionRecords, nowMs?: number): P {
    return this.#driver.prepare(target, nowMs);
  }

  send(prepared: P): Promise<void> {
    return this.#explained(this.#driver.send(prepared), { topic: prepared.target.topic, to: 'write' });
  }

  renew(target: PartitionRecords): Promise<void> {
    return this.#explained(this.#driver.renew(target));
  }

  close(): Promise<void> {
    return this.#driver.close();
  }

  async #explained<T>(promise: Promise<T>, asked?: Asked): Promise<T> {
    try {
      return await promise;
    } catch (error) {
      throw error instanceof KafkaFault && !this.#passes(error) ? explain(error, this.#security, asked) : error;
    }
  }

  /** Whatever broke a connection that there was, the configuration is right. */
  #passes({ fault }: KafkaFault): boolean {
    return this.#reached && reactionTo(fault).action === 'again';
  }
}
