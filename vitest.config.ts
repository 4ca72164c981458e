import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

/** Two at most: the machine that runs this is often the one that serves something else. */
const parallel = { maxWorkers: Math.min(2, availableParallelism()) };

/** One file at a time, and one run at a time on the whole machine: what these measure is the machine's. */
const serial = { fileParallelism: false, maxWorkers: 1, globalSetup: ['test/helpers/machine-lock.ts'] };

const seconds = (limit: number) => ({ testTimeout: limit * 1000, hookTimeout: limit * 1000 });

const project = (name: string, options: object) => ({
  extends: true as const,
  test: { name, include: [`test/${name}/**/*.test.ts`], ...options },
});

export default defineConfig({
  test: {
    environment: 'node',
    // Threads that load TypeScript strip its types with WebAssembly of their own, and V8 crashes now and then when one lets go of code that it shares with a
    // thread that has ended. What ships is JavaScript and runs none.
    execArgv: ['--no-wasm-code-gc'],
    restoreMocks: true,
    unstubEnvs: true,
    unstubGlobals: true,
    projects: [
      project('unit', { ...parallel, ...seconds(15) }),
      project('contract', { ...parallel, ...seconds(30) }),
      project('fuzz', { ...parallel, ...seconds(120) }),
      project('architecture', { ...parallel, ...seconds(60) }),
      project('integration', { ...parallel, ...seconds(120) }),
      // One cluster at a time: what they show is how delivery fares, not how the machine does under several.
      project('broker', { fileParallelism: false, maxWorkers: 1, ...seconds(180) }),
      project('kernel', { ...serial, ...seconds(60) }),
      project('e2e', { ...serial, ...seconds(180) }),
    ],
    coverage: {
      provider: 'v8',
      reporter: ['text-summary', 'html', 'json-summary'],
      reportsDirectory: 'coverage',
      reportOnFailure: true,
      include: ['src/**/*.ts'],
      // Run by the kernel, integration and e2e projects, in processes and threads of their own, where this instrument does not reach.
      exclude: [
        'src/main.ts', // the process itself: signals and the exit code
        'src/index.ts', // names only
        'src/ingest/worker.ts', // a thread's entry
        'src/ingest/native/**', // needs the live kernel
      ],
      thresholds: { lines: 85 },
    },
  },
});
