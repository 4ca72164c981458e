import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { MortalProcess } from '../../helpers/mortal-process.ts';
import { tempDir } from '../../helpers/temp-dir.ts';
import { waitFor } from '../../helpers/wait-for.ts';

/** One that has ended and waits to be reaped, which is up to whoever took over from its parent, does not run any more. */
function isRunning(pid: number | undefined): boolean {
  try {
    return !/^State:\tZ/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

const atOnce = (): Promise<boolean> => Promise.resolve(true);
const MODULE = join(import.meta.dirname, '../../helpers/mortal-process.ts');

async function server(script: string): Promise<MortalProcess> {
  const made = new MortalProcess(['sh', '-c', script], join(await tempDir(), 'log'));
  onTestFinished(() => made.end('SIGKILL'));
  return made;
}

describe('a process that tests run', () => {
  it('is killed, and starts again', async () => {
    const sleeper = await server('exec sleep 300');
    await sleeper.start(atOnce, 1000);
    const first = sleeper.pid;
    expect(isRunning(first)).toBe(true);
    await sleeper.end('SIGKILL');
    expect([sleeper.pid, isRunning(first)]).toEqual([undefined, false]);
    await sleeper.start(atOnce, 1000);
    expect(isRunning(sleeper.pid)).toBe(true);
  });

  it('may be ended when it does not run', async () => {
    await (await server('exec sleep 300')).end('SIGTERM');
  });

  it('says what it printed when it ends before it is up', async () => {
    const broken = await server('echo "Address already in use"; exit 1');
    await expect(broken.start(() => Promise.resolve(false), 10_000)).rejects.toThrow(/ended before it was up:\nAddress already in use/);
  });

  it('says what it printed when it is not up in time', async () => {
    const slow = await server('echo "no quorum yet"; exec sleep 300');
    await expect(slow.start(() => Promise.resolve(false), 200)).rejects.toThrow(/200 ms(.|\n)*no quorum yet/);
  });

  it('is over when the process that started it is killed', async () => {
    const log = join(await tempDir(), 'log');
    const script = `import { MortalProcess } from ${JSON.stringify(MODULE)};
      const sleeper = new MortalProcess(['sleep', '300'], ${JSON.stringify(log)});
      await sleeper.start(() => Promise.resolve(true), 1000);
      console.log(sleeper.pid);
      setInterval(() => {}, 1000);`;
    const parent = spawn(process.execPath, ['--input-type=module-typescript', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [printed] = (await once(parent.stdout, 'data')) as [Buffer];
    const pid = Number(String(printed));
    onTestFinished(() => void (isRunning(pid) && process.kill(pid, 'SIGKILL')));
    expect(isRunning(pid)).toBe(true);
    parent.kill('SIGKILL');
    await waitFor(() => !isRunning(pid), { what: `process ${pid} to end` });
  });
});
