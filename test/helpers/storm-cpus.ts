import { availableParallelism } from 'node:os';

/** One for each of a storm's two workers: left to itself the scheduler may put both on the same. */
export const CPUS: readonly number[] = availableParallelism() > 1 ? [0, 1] : [0];
