import { Worker } from 'node:worker_threads';
import { expect, it, onTestFinished } from 'vitest';
import { cpuUsOf, threadOf } from '../../../bench/stages/proc-cpu.ts';
import { waitFor } from '../../helpers/wait-for.ts';

it('tells the CPU time of one thread from that of the others', async () => {
  const worker = new Worker('for (;;);', { eval: true, name: 'a-thread-with-a-long-name' });
  onTestFinished(async () => void (await worker.terminate()));
  const thread = await threadOf(process.pid, 'a-thread-with-a-long-name');
  await waitFor(() => cpuUsOf(thread) >= 30_000, { what: 'the thread to use 30 ms' });
  expect(cpuUsOf(`/proc/${process.pid}`)).toBeGreaterThan(cpuUsOf(thread));
});
