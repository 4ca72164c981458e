import { AgentError } from '../../core/errors.ts';
import type { ErrorCode } from '../../core/errors.ts';
import type { KafkaFault } from './fault.ts';

/**
 * What is done about a fault of a produce request:
 *
 * - `done`: the broker has the batch already.
 * - `again`: the same batch later; a broker, a leader or a replica is missing.
 * - `hold`: the same batch later, when somebody has put right what is wrong.
 * - `split`: it is too large for the broker: in halves; a single record is refused.
 * - `refuse`: records of it will never be taken: those that the broker names, or in halves until they are found.
 * - `retime`: the same records with the present as record time: the broker refuses times as old as theirs.
 * - `renew`: the broker has lost track of what it has of this producer: as a new one, for which nothing is recognised that may have come already.
 * - `giveUp`: nobody will come with it again; what comes next must neither wait for it nor be taken for it.
 */
export type Action = 'done' | 'again' | 'hold' | 'split' | 'refuse' | 'retime' | 'renew' | 'giveUp';

interface Reaction {
  readonly action: Action;
  /** Whether the batch may have been appended nevertheless. */
  readonly outcome: 'known' | 'unknown';
  readonly fix?: string;
}

const again = { action: 'again', outcome: 'known' } as const;
const unsure = { action: 'again', outcome: 'unknown' } as const;
const renew = { action: 'renew', outcome: 'known' } as const;
const hold = (fix: string): Reaction => ({ action: 'hold', outcome: 'known', fix });

const TOPIC_FIX = 'Create the topic, or correct its name: forkcast creates none.';

const REACTIONS: Readonly<Record<string, Reaction>> = {
  DUPLICATE_SEQUENCE_NUMBER: { action: 'done', outcome: 'known' },

  NETWORK: unsure,
  TIMEOUT: unsure,
  NETWORK_EXCEPTION: unsure,
  REQUEST_TIMED_OUT: unsure,
  NOT_ENOUGH_REPLICAS_AFTER_APPEND: unsure,
  // The error names what the leader saw last, not what became of the batch on its way.
  NOT_LEADER_OR_FOLLOWER: unsure,
  KAFKA_STORAGE_ERROR: unsure,
  UNKNOWN_SERVER_ERROR: unsure,
  CLOSED: unsure,
  ANSWER: unsure,
  LEADER_NOT_AVAILABLE: again,
  TOPIC_VANISHED: again,
  PARTITION_GONE: again,
  FENCED_LEADER_EPOCH: again,
  UNKNOWN_LEADER_EPOCH: again,
  BROKER_NOT_AVAILABLE: again,
  REPLICA_NOT_AVAILABLE: again,
  NOT_ENOUGH_REPLICAS: again,
  COORDINATOR_LOAD_IN_PROGRESS: again,
  COORDINATOR_NOT_AVAILABLE: again,
  NOT_COORDINATOR: again,
  CONCURRENT_TRANSACTIONS: again,
  THROTTLING_QUOTA_EXCEEDED: again,
  // Damaged on its way: the broker compares checksums.
  CORRUPT_MESSAGE: again,

  OUT_OF_ORDER_SEQUENCE_NUMBER: renew,
  UNKNOWN_PRODUCER_ID: renew,
  INVALID_PRODUCER_EPOCH: renew,
  PRODUCER_FENCED: renew,
  INVALID_PRODUCER_ID_MAPPING: renew,

  MESSAGE_TOO_LARGE: { action: 'split', outcome: 'known' },
  RECORD_LIST_TOO_LARGE: { action: 'split', outcome: 'known' },
  INVALID_RECORD: { action: 'refuse', outcome: 'known' },
  INVALID_TIMESTAMP: { action: 'retime', outcome: 'known' },
  CLOCK: hold('Set the clock of this machine; or that of the broker.'),

  BUG: { action: 'giveUp', outcome: 'unknown' },

  UNKNOWN_TOPIC_OR_PARTITION: hold(TOPIC_FIX),
  UNKNOWN_TOPIC_ID: hold(TOPIC_FIX),
  INVALID_TOPIC_EXCEPTION: hold('Correct the name of the topic.'),
  TOPIC_AUTHORIZATION_FAILED: hold('Allow this user to WRITE and DESCRIBE the topic.'),
  CLUSTER_AUTHORIZATION_FAILED: hold('Allow this user IDEMPOTENT_WRITE on the cluster, or WRITE on the topic from Kafka 2.8 on.'),
  TRANSACTIONAL_ID_AUTHORIZATION_FAILED: hold('Allow this user IDEMPOTENT_WRITE on the cluster.'),
  AUTHENTICATION: hold('Correct the user name, the password or the mechanism in sasl.'),
  SASL_AUTHENTICATION_FAILED: hold('Correct the user name, the password or the mechanism in sasl.'),
  UNSUPPORTED_SASL_MECHANISM: hold('Choose a mechanism for sasl that the broker offers.'),
  ILLEGAL_SASL_STATE: hold('Check whether this listener wants SASL.'),
  CREDENTIALS: hold('Put the secret where the configuration says that it is.'),
  TLS: hold('Check tls.ca, tls.cert, tls.key and tls.server_name, and that this port speaks TLS.'),
  TLS_WANTED: hold('Add tls: {} to the sink, or name the port of a plaintext listener.'),
  SECURITY_DISABLED: hold('Remove sasl from the sink: the broker has no security.'),
  POLICY_VIOLATION: hold('Ask whoever runs the cluster which policy forbids it.'),
  INVALID_REQUIRED_ACKS: hold('Choose another topic: the broker does not take acks=all for it.'),
  UNSUPPORTED_VERSION: hold('Use brokers of Apache Kafka 2.4 or newer.'),
  UNSUPPORTED_FOR_MESSAGE_FORMAT: hold('Set the message format of the topic to 2.0 or newer.'),
  UNSUPPORTED_COMPRESSION_TYPE: hold('Choose another compression.'),
};

/** What nobody has thought of passes, perhaps: nothing is lost by trying again. */
export function reactionTo(fault: string): Reaction {
  return REACTIONS[fault] ?? unsure;
}

const CODES: Readonly<Record<Action, ErrorCode>> = {
  done: 'BUG',
  again: 'SINK_UNREACHABLE',
  hold: 'SINK_REFUSED',
  split: 'RECORD_REJECTED',
  refuse: 'RECORD_REJECTED',
  retime: 'SINK_UNREACHABLE',
  renew: 'SINK_UNREACHABLE',
  giveUp: 'BUG',
};

/** The fault as the delivery policy knows it. */
export function agentErrorOf(fault: KafkaFault, context: Readonly<Record<string, unknown>> = {}): AgentError {
  if (fault.cause instanceof AgentError) return fault.cause;
  const { action, fix: usual } = reactionTo(fault.fault);
  const fix = fault.fix ?? usual;
  return new AgentError(CODES[action], fault.message, {
    cause: fault,
    context: { fault: fault.fault, ...context },
    ...(fix === undefined ? {} : { fix }),
  });
}
