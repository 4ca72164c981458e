/**
 * What can go wrong with a broker, by name: the protocol's own error names, and these for what happens below it.
 * NETWORK: no connection, or it broke; TIMEOUT: no answer; TLS: no trust between the two; TLS_WANTED: the listener speaks TLS; AUTHENTICATION: the broker does not
 * take the credentials; CREDENTIALS: there are none to give; TOPIC_VANISHED: a topic is unknown to a broker that was there a moment ago;
 * ANSWER: there is one that cannot be read, or that is for something else; PARTITION_GONE: the topic has fewer partitions than it had; CLOCK: the broker does not
 * take the present for the present; CLOSED: the driver was closed; BUG: nothing that a broker or a network does.
 */
export type FaultName = string;

export interface FaultOptions {
  readonly cause?: unknown;
  readonly refused?: readonly number[];
  readonly triedBefore?: boolean;
  readonly fix?: string;
}

/** A request that failed. `error` in `cause` is the client's own, for the log at debug level. */
export class KafkaFault extends Error {
  override readonly name = 'KafkaFault';
  readonly fault: FaultName;
  /** Records that the broker refused, by their index, where it says which. */
  readonly refused: readonly number[];
  /** The driver had tried before by itself, and it is not known what became of that: it may have arrived, whatever the last attempt was told. */
  readonly triedBefore: boolean;
  /** What somebody can do about it, as a sentence; undefined: what is usual for the name. */
  readonly fix: string | undefined;

  constructor(fault: FaultName, message: string, options: FaultOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.fault = fault;
    this.refused = options.refused ?? [];
    this.triedBefore = options.triedBefore ?? false;
    this.fix = options.fix;
  }
}
