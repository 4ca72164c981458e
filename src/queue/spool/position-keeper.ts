import type { DoneFrame, NewestDone, PositionFile } from './position-file.ts';
import type { Place, Segment } from './segment.ts';
import type { OnSpoolEvent } from './spool-events.ts';
import type { Cursor } from './spool-reader.ts';
import { asFileError } from './trouble.ts';

/** What the position is made of. */
export interface ReaderState {
  /** The first frame that was handed out and is not done, or may have to be read again. */
  readonly undone: Place | undefined;
  readonly cursor: Cursor;
  /** Done by this run, beyond the first that is not. */
  readonly done: DoneFrame[];
  readonly segments: readonly Segment[];
}

export interface KeeperParts {
  readonly folder: string;
  readonly agentId: Uint8Array;
  readonly onEvent: OnSpoolEvent;
}

/** Keeps the position file up to date. */
export class PositionKeeper {
  readonly #file: PositionFile;
  readonly #folder: string;
  readonly #onEvent: OnSpoolEvent;
  /** Of this run, than which none is newer. */
  readonly #agentId: Uint8Array;
  #newest: NewestDone | undefined;
  #failed = false;

  constructor(file: PositionFile, { folder, agentId, onEvent }: KeeperParts) {
    this.#file = file;
    this.#agentId = agentId;
    this.#folder = folder;
    this.#onEvent = onEvent;
    this.#newest = file.position?.newest;
  }

  noteDone(agentId: Uint8Array, sequence: number): void {
    if (sequence === 0) return;
    const isSame = this.#newest !== undefined && Buffer.compare(this.#newest.agentId, agentId) === 0;
    // What earlier runs left may be done later.
    if (!isSame && this.#newest !== undefined && Buffer.compare(this.#newest.agentId, this.#agentId) === 0) return;
    if (!isSame || sequence > (this.#newest?.sequence ?? 0)) this.#newest = { agentId, sequence };
  }

  keep({ undone, cursor, done, segments }: ReaderState): void {
    const { segment, offset, before } = earlier(undone, cursor);
    // Done by earlier runs, where the reader is not yet.
    for (const { number, done: frames } of segments)
      for (const [at, records] of frames) done.push({ segment: number, offset: at, records });
    try {
      this.#file.write({ segment, offset, before, newest: this.#newest, done });
      this.#failed = false;
    } catch (error) {
      if (!this.#failed)
        this.#onEvent({ what: 'position', error: asFileError(error, { action: 'write the position in', path: this.#folder }) });
      this.#failed = true;
    }
  }

  close(): void {
    this.#file.close();
  }
}

/** Of two places, the one that is read first. */
export function earliest(a: Place | undefined, b: Place | undefined): Place | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  const [{ number: inA }, { number: inB }] = [a.segment, b.segment];
  return inA < inB || (inA === inB && a.offset <= b.offset) ? a : b;
}

function earlier(undone: Place | undefined, cursor: Cursor): Cursor {
  if (undone === undefined) return cursor;
  const { segment, offset, before } = undone;
  const isRead = segment.number < cursor.segment || (segment.number === cursor.segment && offset <= cursor.offset);
  return isRead ? { segment: segment.number, offset, before } : cursor;
}
