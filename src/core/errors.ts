/** What kind of trouble it is decides what happens next; see `ERRORS`. */
export type Category =
  'config' | 'usage' | 'permission' | 'transient' | 'hold' | 'reject' | 'corrupt' | 'bug' | 'io' | 'unavailable' | 'failed';

interface Policy {
  readonly category: Category;
  /** `never`: report; `backoff`: for ever, full jitter, 30 s cap; `hold`: keep the data, try again each 30 s, or as configured. */
  readonly retry: 'never' | 'backoff' | 'hold';
}

/** Every error of forkcast, with what is done about it. The only such table. */
export const ERRORS = {
  CONFIG_INVALID: { category: 'config', retry: 'never' },
  CONFIG_UNREADABLE: { category: 'config', retry: 'never' },
  SECRET_UNREADABLE: { category: 'config', retry: 'never' },
  USAGE: { category: 'usage', retry: 'never' },
  CHECK_FAILED: { category: 'failed', retry: 'never' },
  NETLINK_UNSUPPORTED: { category: 'unavailable', retry: 'never' },
  NETLINK_NAMESPACE: { category: 'unavailable', retry: 'never' },
  NETLINK_PERMISSION: { category: 'permission', retry: 'never' },
  NETLINK_DEAF: { category: 'unavailable', retry: 'never' },
  STOPPED_EARLY: { category: 'failed', retry: 'never' },
  BOOT_TIMEOUT: { category: 'unavailable', retry: 'never' },
  NETLINK_SOCKET: { category: 'transient', retry: 'backoff' },
  EXEC_CACHE_UNAVAILABLE: { category: 'unavailable', retry: 'never' },
  NATIVE_UNAVAILABLE: { category: 'unavailable', retry: 'never' },
  WORKER_DIED: { category: 'bug', retry: 'never' },
  DATA_DIR_LOCKED: { category: 'unavailable', retry: 'never' },
  DATA_DIR_UNSAFE: { category: 'permission', retry: 'never' },
  DATA_DIR_PERMISSION: { category: 'permission', retry: 'never' },
  QUEUE_ENDED: { category: 'unavailable', retry: 'never' },
  OUTPUT_GONE: { category: 'failed', retry: 'never' },
  /** The other side of a sink does not answer, or is too busy to. */
  SINK_UNREACHABLE: { category: 'transient', retry: 'backoff' },
  /** It refuses what this agent is or where it writes to: credentials, rights, a topic that is not there. */
  SINK_REFUSED: { category: 'hold', retry: 'hold' },
  /** No schema registry answers, or none that can be trusted. */
  REGISTRY_UNREACHABLE: { category: 'hold', retry: 'hold' },
  /** The schema registry does not do what it is asked: credentials, rights, a wrong address. */
  REGISTRY_REFUSED: { category: 'hold', retry: 'hold' },
  /** The schema registry does not know the schema, and the agent may not register it. */
  SCHEMA_UNREGISTERED: { category: 'hold', retry: 'hold' },
  /** The schema registry does not accept the schema beside those that it has. */
  SCHEMA_INCOMPATIBLE: { category: 'hold', retry: 'hold' },
  /** It will never take this record: too large, not of its schema. `context.rejected`: which of the batch, by index, where it says so. */
  RECORD_REJECTED: { category: 'reject', retry: 'never' },
  FILE_IO: { category: 'io', retry: 'backoff' },
  FILE_NOT_FOUND: { category: 'io', retry: 'never' },
  FILE_CORRUPT: { category: 'corrupt', retry: 'never' },
  FILE_TOO_NEW: { category: 'corrupt', retry: 'never' },
  SUBSCRIPTION_DUPLICATE: { category: 'usage', retry: 'never' },
  LISTENER_FAILED: { category: 'bug', retry: 'never' },
  RECORD_UNENCODABLE: { category: 'reject', retry: 'never' },
  CONTAINER_ENGINE: { category: 'transient', retry: 'backoff' },
  SHUTDOWN_INCOMPLETE: { category: 'failed', retry: 'never' },
  BUG: { category: 'bug', retry: 'never' },
} as const satisfies Record<string, Policy>;

export type ErrorCode = keyof typeof ERRORS;

export interface ErrorOptions {
  readonly cause?: unknown;
  /** Facts for the log line: paths, values, limits. Never secrets. */
  readonly context?: Readonly<Record<string, unknown>>;
  /** What the user can do about it, as a sentence. */
  readonly fix?: string;
}

/** The one error type. `message` says what happened, `fix` what to do. */
export class AgentError extends Error {
  override readonly name = 'AgentError';
  readonly code: ErrorCode;
  readonly context: Readonly<Record<string, unknown>>;
  readonly fix: string | undefined;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.context = options.context ?? {};
    this.fix = options.fix;
  }

  get category(): Category {
    return ERRORS[this.code].category;
  }

  get retry(): Policy['retry'] {
    return ERRORS[this.code].retry;
  }
}

/** Process exit code of an error, after sysexits.h. */
const EXIT_CODES: Record<Category, number> = {
  config: 78,
  usage: 64,
  permission: 77,
  unavailable: 69,
  io: 74,
  corrupt: 74,
  transient: 69,
  hold: 69,
  reject: 1,
  failed: 1,
  bug: 70,
};

export function exitCodeOf(error: unknown): number {
  return error instanceof AgentError ? EXIT_CODES[error.category] : EXIT_CODES.bug;
}

/** Any thrown value as an AgentError; what is not ours is a bug until its owner classifies it. */
export function asAgentError(error: unknown): AgentError {
  if (error instanceof AgentError) return error;
  return new AgentError('BUG', error instanceof Error ? error.message : String(error), { cause: error });
}

/** Whether what a sink rejected so is written to it again, as it is: what time or somebody may mend. See `Sink`. */
export function isWrittenAgain({ category }: AgentError): boolean {
  return category !== 'reject' && category !== 'bug' && category !== 'failed';
}
