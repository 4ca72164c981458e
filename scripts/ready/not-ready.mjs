/** Why the checkout cannot be made ready, with what the user can do. `exitCode` follows sysexits.h like the agent's own. */
export class NotReady extends Error {
  /**
   * @param {string} message what happened
   * @param {string} fix what to do, as a sentence
   * @param {number} [exitCode]
   */
  constructor(message, fix, exitCode = 69) {
    super(message);
    this.fix = fix;
    this.exitCode = exitCode;
  }
}

/** @type {Record<string, [what: string, fix: string, exitCode: number]>} */
const FOLDER_ERRORS = {
  EACCES: ['is not writable by this user', 'Run as the owner of the folder, or make the folder writable', 77],
  EPERM: ['is not writable by this user', 'Run as the owner of the folder, or make the folder writable', 77],
  EROFS: ['is on a read-only file system', 'Copy the folder to a writable place and run it there', 77],
  ENOSPC: ['is on a full disk', 'Free about 500 MB and start again', 74],
  EDQUOT: ['is over its disk quota', 'Free about 500 MB and start again', 74],
};

/**
 * A failed write in the checkout, put in words; any other error unchanged.
 * @param {unknown} error
 * @param {string} folder
 */
export function writeFailure(error, folder) {
  const known = FOLDER_ERRORS[/** @type {NodeJS.ErrnoException} */ (error)?.code ?? ''];
  if (known === undefined) return error;
  const [what, fix, exitCode] = known;
  return new NotReady(`${folder} ${what}`, fix, exitCode);
}

/** @param {string} line */
export function say(line) {
  process.stderr.write(`forkcast: ${line}\n`);
}
