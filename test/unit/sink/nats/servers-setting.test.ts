import { describe, expect, test } from 'vitest';
import { addressText, compileServers, parseServer, serversSetting } from '../../../../src/sink/nats/servers-setting.ts';

const faults = (value: unknown) => serversSetting.check(value);

describe('the address of a server', () => {
  test.each([
    ['nats://n1:4333', { host: 'n1', port: 4333, encrypted: false }],
    ['tls://n1.example.org', { host: 'n1.example.org', port: 4222, encrypted: true }],
    ['10.0.0.1:4222', { host: '10.0.0.1', port: 4222, encrypted: false }],
    ['nats://[fd00::1]:4222', { host: 'fd00::1', port: 4222, encrypted: false }],
    ['[::1]', { host: '::1', port: 4222, encrypted: false }],
  ])('is taken apart: %s', (text, server) => {
    expect(parseServer(text)).toEqual(server);
    expect(faults([text])).toEqual([]);
    expect(parseServer(addressText(server))).toMatchObject({ host: server.host, port: server.port });
  });

  test.each([
    ['nats://n1:0', 'use a port from 1 to 65535'],
    ['nats://n1:65536', 'use a port from 1 to 65535'],
    ['nats://', 'write it like nats://localhost:4222'],
    ['n1:port', 'write it like nats://localhost:4222'],
    ['nats://n1:4222/path', 'write it like nats://localhost:4222'],
    ['nats://n1 n2', 'write it like nats://localhost:4222'],
    ['http://n1:4222', 'write nats://n1:4222'],
    ['wss://n1', 'write nats://localhost:4222'],
    [5, 'write nats://localhost:4222'],
  ])('is refused as %j', (text, fix) => {
    expect(faults([text])).toEqual([{ within: [0], value: text, reason: expect.any(String) as string, fix }]);
    if (typeof text === 'string') expect(compileServers([text])).toEqual([]);
  });

  test('never shows what may be a password', () => {
    for (const value of [['nats://agent:hunter2@n1:4222'], 'nats://agent:hunter2@n1:4222', ['token-hunter2@n1']]) {
      const found = faults(value);
      expect(found.length).toBe(1);
      expect(JSON.stringify(found)).not.toContain('hunter2');
    }
    expect(faults(['nats://agent:hunter2@n1:4222'])[0]).toMatchObject({ reason: 'must not contain a user' });
  });
});

describe('the list of servers', () => {
  test('is a list of one to 64, each once', () => {
    expect(faults('nats://n1')).toEqual([{ value: 'nats://n1', reason: 'must be a list', fix: 'write it in brackets: [nats://n1]' }]);
    expect(faults([])).toMatchObject([{ reason: 'must name 1 to 64 servers' }]);
    expect(faults(Array.from({ length: 65 }, (_, i) => `n${i}`))).toMatchObject([{ reason: 'must name 1 to 64 servers' }]);
    expect(faults(['n1', 'n2', 'n1'])).toEqual([
      { within: [2], value: 'n1', reason: 'is in the list twice', fix: 'remove one of the two' },
    ]);
  });
});
