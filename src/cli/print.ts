import type { CliOutput } from './io.ts';

/**
 * Resolves when the output has taken the text, so that nothing is cut off when the process ends; also when the reader has
 * gone, as `head` does: then there is nobody to tell, and the exit code stays what it is.
 */
export async function print(output: CliOutput, text: string): Promise<void> {
  try {
    await write(output, text);
  } catch (error) {
    if (!isBrokenPipe(error)) throw error;
  }
}

/** A message, as `print`; that it cannot be written is no error of the command, and there would be nobody to tell. */
export async function tell(output: CliOutput, text: string): Promise<void> {
  await Promise.allSettled([write(output, text)]);
}

/** EPIPE at the first write that finds nobody; the stream is destroyed by it, so later ones fail for that reason. */
export function isBrokenPipe(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'EPIPE' || error.code === 'ERR_STREAM_DESTROYED');
}

function write(output: CliOutput, text: string): Promise<void> {
  return new Promise<void>((resolve, reject) => {
    output.once('error', reject);
    output.write(text, (error?: Error | null) => {
      // After an error the stream also emits it, which without a listener would end the process.
      if (error) return reject(error);
      output.off('error', reject);
      resolve();
    });
  });
}
