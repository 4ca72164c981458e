import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** A fresh folder, removed when the running test ends. `readable`: other users may enter and read it. Outside a test (hooks) use `makeTempDir`. */
export async function tempDir({ readable = false } = {}): Promise<string> {
  const made = await makeTempDir({ readable });
  onTestFinished(() => made.remove());
  return made.path;
}

/** The same with the removal in the caller's hands. */
export async function makeTempDir({ readable = false } = {}): Promise<{ path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'forkcast-test-'));
  if (readable) await chmod(path, 0o755);
  return { path, remove: () => rm(path, { recursive: true, force: true, maxRetries: 3 }) };
}
