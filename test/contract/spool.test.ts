import { SpoolFolder } from './spool-fixture.ts';
import { queueContract } from './queue-contract.ts';

// The suite's batches have records of 16 bytes: what it asks for in bytes is asked of the spool in records, whose files are larger.
queueContract('Spool', ({ maxBytes }) => new SpoolFolder().open({ maxEvents: maxBytes / 16 }));
