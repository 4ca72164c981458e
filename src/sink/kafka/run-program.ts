import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';

export interface ProgramEnd {
  readonly stdout: string;
  readonly stderr: string;
  /** As a sentence that begins with the program; undefined where it ended with 0. */
  readonly trouble: string | undefined;
  /** It was ended because its time was up. */
  readonly late: boolean;
}

/** Of each output. */
const MAX_BYTES = 64 * 1024;

/** Runs a program to its end, without a shell and without input, in the environment of the agent. Never rejects. What it started ends with it when its time is up. */
export function runProgram([program = '', ...args]: readonly string[], timeoutMs: number): Promise<ProgramEnd> {
  return new Promise((resolve) => {
    // In a process group of its own: a script that is killed leaves behind what it waits for.
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    const stdout = collected(child.stdout);
    const stderr = collected(child.stderr);
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      killGroup(child);
    }, timeoutMs);
    const end = (trouble: string | undefined): void => {
      clearTimeout(timer);
      resolve({ stdout: stdout(), stderr: stderr(), trouble, late });
    };
    child.once('error', (error: NodeJS.ErrnoException) => end(`cannot be started (${error.code ?? error.message})`));
    child.once('close', (code, signal) =>
      end(late ? `has not ended after ${timeoutMs / 1000} s` : code === 0 ? undefined : `ended with ${code ?? signal}`),
    );
  });
}

function killGroup(child: ChildProcess): void {
  // Whoever made a group of its own and holds the pipes is not waited for.
  child.stdout?.destroy();
  child.stderr?.destroy();
  try {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  } catch (error) {
    // It has just ended.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Reads all, and keeps as much as can be of use. */
function collected(stream: Readable): () => string {
  const chunks: Buffer[] = [];
  let bytes = 0;
  stream.on('data', (chunk: Buffer) => {
    if (bytes < MAX_BYTES) chunks.push(chunk);
    bytes += chunk.length;
  });
  return () => Buffer.concat(chunks).toString('utf8');
}
