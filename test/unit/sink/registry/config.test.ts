import { describe, expect, it } from 'vitest';
import { checkGroup } from '../../../../src/config/check-group.ts';
import { registryFaults, registrySchema } from '../../../../src/sink/registry/config.ts';
import type { RegistryValues } from '../../../../src/sink/registry/config.ts';
import { registryConfig } from './records.ts';

const findings = (written: object) => checkGroup(registrySchema, written as Record<string, unknown>, ['registry']).findings;
const faults = (written: object) => {
  const checked = checkGroup(registrySchema, written as Record<string, unknown>, []);
  expect(checked.findings).toEqual([]);
  return registryFaults(checked.values as unknown as RegistryValues).map(({ within, reason }) => `${within?.join('.')} ${reason}`);
};

it('has defaults that register nothing', () => {
  expect(registryConfig({})).toEqual({
    urls: [],
    autoRegister: false,
    subjectStrategy: 'topic_name',
    pinned: { process: null, agent: null },
    auth: { username: null, password: null, token: null },
    tls: { ca: null, cert: null, key: null, serverName: null },
    timeoutMs: 5000,
  });
});

it('compiles all that can be written', () => {
  const written = {
    url: ['https://a:8081/', 'http://b/apis/ccompat/v7'],
    auto_register: true,
    subject_strategy: 'record_name',
    ids: { process: 7 },
    auth: { username: 'jo', password: 'env:PW' },
    tls: { ca: '/ca.pem', cert: '/c.pem', key: '/k.pem', server_name: 'registry' },
    timeout: '1s',
  };
  expect(registryConfig(written)).toEqual({
    urls: ['https://a:8081', 'http://b/apis/ccompat/v7'],
    autoRegister: true,
    subjectStrategy: 'record_name',
    pinned: { process: 7, agent: null },
    auth: { username: 'jo', password: { from: 'env', name: 'PW' }, token: null },
    tls: { ca: '/ca.pem', cert: '/c.pem', key: '/k.pem', serverName: 'registry' },
    timeoutMs: 1000,
  });
});

it('takes several addresses with commas between them', () => {
  expect(registryConfig({ url: 'http://a:1, http://b:2/' }).urls).toEqual(['http://a:1', 'http://b:2']);
});

describe('refuses an address', () => {
  it.each([
    ['', 'is not an address of HTTP'],
    ['registry:8081', 'is not an address of HTTP'],
    ['ftp://registry', 'is not an address of HTTP'],
    ['http://a\u001b[2J', 'is not an address of HTTP'],
    ['http://a?b=c', 'must not contain ? or #'],
    ['http://a,http://a', 'is in the list twice'],
    [7, 'must be an address, or a list of addresses'],
    [{}, 'must be an address, or a list of addresses'],
  ])('%j', (url, reason) => expect(findings({ url })[0]).toMatchObject({ path: ['registry', 'url'], reason }));

  it('of a list by its index', () =>
    expect(findings({ url: ['http://a', 7] })).toMatchObject([{ path: ['registry', 'url', 1], value: 7 }]));

  it('with credentials, without repeating them', () => {
    const [found, ...others] = findings({ url: 'http://jo:hunter2@a' });
    expect(others).toEqual([]);
    expect(found).toMatchObject({ reason: 'must not contain credentials', fix: expect.stringContaining('auth') as string });
    expect(JSON.stringify(found)).not.toContain('hunter2');
  });
});

it('refuses what is no user name, and a password that is written out', () => {
  expect(findings({ auth: { username: 'a:b' } })).toMatchObject([{ reason: 'must not contain :' }]);
  expect(findings({ auth: { username: 7 } })).toMatchObject([{ reason: 'must be text' }]);
  expect(JSON.stringify(findings({ auth: { password: 'hunter2' } }))).not.toContain('hunter2');
});

describe('what keys must not be together', () => {
  const url = 'http://a';
  it.each([
    [{ url }, []],
    [{ ids: { process: 1, agent: 2 } }, []],
    [{ url, auth: { username: 'jo', password: 'env:PW' }, tls: { cert: '/c', key: '/k' } }, []],
    [{ url, auth: { token: 'env:T' } }, []],
    [{ ids: { process: 1 } }, ['url is missing']],
    [{ url, auth: { username: 'jo' } }, ['auth.password is missing beside a user name']],
    [{ url, auth: { password: 'env:PW' } }, ['auth.username is missing beside a password']],
    [{ url, auth: { username: 'jo', token: 'env:T' } }, ['auth.token must not be beside a user name or password']],
    [{ url, tls: { cert: '/c' } }, ['tls.key is missing']],
    [{ url, tls: { key: '/c' } }, ['tls.cert is missing']],
  ])('%j', (written, expected) => expect(faults(written)).toEqual(expected));
});
