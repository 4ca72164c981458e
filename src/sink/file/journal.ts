/** Where the sink says what it did with files; pino's loggers fit. */
export interface FileLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** What became of files since the sink was made. */
export interface FileCounters {
  finished: number;
  recovered: number;
  /** By retention. */
  removed: number;
  removedBytes: number;
  /** Left as `.open` for the next start to recover. */
  abandoned: number;
}
