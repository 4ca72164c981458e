import { spawn } from 'node:child_process';
import { sourceContract } from '../contract/source-contract.ts';
import { ProcConnectorSource } from '../../src/ingest/proc-connector/source.ts';

sourceContract('the process connector', () =>
  Promise.resolve({
    source: new ProcConnectorSource({ receiveBufferBytes: 1 << 20, maxArgsBytes: 4096 }),
    stir: () => void spawn('/bin/true', { stdio: 'ignore' }),
  }),
);
