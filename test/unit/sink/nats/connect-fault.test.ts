import { describe, expect, it } from 'vitest';
import { AgentError } from '../../../../src/core/errors.ts';
import { connectFault } from '../../../../src/sink/nats/explain.ts';

const SERVER = { host: 'localhost', port: 4222, encrypted: false };
const NOTHING = { tls: null, auth: null };

describe('a server that cannot be connected to', () => {
  it.each([
    ['ECONNREFUSED', /Start the server/],
    ['ENOTFOUND', /Correct the address/],
    ['EAI_AGAIN', /name service/],
    ['ESOMETHING', /firewalls/],
  ])('has the fix for %s, also where the fault was given a code of ours on the way', (code, fix) => {
    const cause = Object.assign(new Error('connect'), { code });
    const wrapped = new AgentError('SINK_UNREACHABLE', `localhost:4222: ${code}`, { cause });
    expect(connectFault(cause, SERVER, NOTHING).fix).toMatch(fix);
    expect(connectFault(wrapped, SERVER, NOTHING).fix).toMatch(fix);
  });
});
