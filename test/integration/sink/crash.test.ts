import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SinkFolder } from '../../contract/file-sink-fixture.ts';

/** Batches that must have been accepted before the kill: enough for several files. */
const ENOUGH = 300;

describe('FileSink killed while it writes', () => {
  let folder: SinkFolder;
  beforeEach(async () => {
    folder = await SinkFolder.make();
  });
  afterEach(() => folder.remove());

  it('has everything it accepted after the next start, once, and nothing torn', async () => {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'crash-run.ts'), folder.path], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const accepted: number[] = [];
    for await (const line of createInterface(child.stdout)) {
      accepted.push(Number(line));
      if (accepted.length === ENOUGH) child.kill('SIGKILL');
    }
    if (child.signalCode === null) await once(child, 'exit');
    expect(child.signalCode).toBe('SIGKILL');

    const next = folder.sink();
    await next.open(new AbortController().signal);
    await next.close();
    expect((await folder.names()).every((name) => name.endsWith('.plain'))).toBe(true);
    expect((await folder.files()).every((file) => file.torn === 0)).toBe(true);
    const found = await folder.sequences();
    const distinct = new Set(found);
    expect(distinct.size).toBe(found.length);
    const missing = accepted.filter((from) =>
      Array.from({ length: 10 }, (_, index) => from + index).some((sequence) => !distinct.has(sequence)),
    );
    expect(missing).toEqual([]);
    expect(accepted.length).toBeGreaterThanOrEqual(ENOUGH);
  });
});
