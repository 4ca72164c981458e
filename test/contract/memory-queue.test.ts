import { MemoryQueue } from '../../src/queue/memory/memory-queue.ts';
import { queueContract } from './queue-contract.ts';

queueContract('MemoryQueue', (bounds) => Promise.resolve(new MemoryQueue(bounds)));
