import { isShell } from '../../core/shell-name.ts';
import type { ChosenEnviron } from './chosen-environ.ts';
import { MAX_ENVIRON_BYTES, type PIECES, type SECOND_LOOK } from './record.ts';
import { copyExeStat, copyPidNamespace, copySession, copyStreams, isInPidNamespace, isLoggedIn } from './second-look.ts';

type SecondPiece = (typeof SECOND_LOOK)[number];
/** A piece that was read before; empty when it could not be. */
export type ReadPiece = (piece: (typeof PIECES)[number]) => Buffer;

/** Arguments beyond say nothing of which program it is. */
const MAX_NAME_BYTES = 512;
/** What a busybox or a toybox is called. */
const MULTI_CALL = 'box';

/** The pieces of the second look: whether one is worth reading, by what was read before, and reading it. */
export class SecondPieces {
  readonly #bytes: Buffer;
  readonly #view: DataView;
  readonly #chosen: ChosenEnviron;

  constructor(bytes: Buffer, chosen: ChosenEnviron) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#chosen = chosen;
  }

  isWorth(name: SecondPiece, read: ReadPiece): boolean {
    switch (name) {
      case 'exeStat':
        // A kernel thread has none, a zombie no longer.
        return read('exe').length > 0;
      case 'session':
        return isLoggedIn(read('loginuid'));
      case 'pidNs':
        return isInPidNamespace(read('status'));
      case 'streams':
        return isShellOf(read);
      case 'environ':
        return this.#chosen.isAny && read('exe').length > 0;
    }
  }

  /** Size of what was written at `position`, or −errno. @param directory with a closing slash */
  copy(name: SecondPiece, directory: string, position: number): number {
    switch (name) {
      case 'exeStat':
        return copyExeStat(directory, this.#view, position);
      case 'session':
        return copySession(directory, this.#bytes, position);
      case 'pidNs':
        return copyPidNamespace(directory, this.#bytes, position);
      case 'streams':
        return copyStreams(directory, this.#bytes, position);
      case 'environ':
        return this.#chosen.copy(directory, this.#bytes, { at: position, room: MAX_ENVIRON_BYTES });
    }
  }
}

function isShellOf(read: ReadPiece): boolean {
  const exe = read('exe').toString('latin1');
  if (exe === '') return false;
  return isShell(exe, exe.endsWith(MULTI_CALL) ? read('cmdline').toString('latin1', 0, MAX_NAME_BYTES).split('\0', 2) : null);
}
