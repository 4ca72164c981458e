import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../../src/config/load.ts';
import { configFile, issuesIn, summaryOf } from './refusal.ts';

const load = (text: string, overrides: string[] = []) => loadConfig({ file: configFile(text), overrides });
const enrich = (text: string) => load(`enrich: {${text}}`).config.enrich;

describe('enrich.redact', () => {
  it('takes patterns and says where the key is', () => {
    expect(enrich("redact: {defaults: false, patterns: ['acme-\\d+'], hmac_key: 'credential:hmac.key'}").redact).toEqual({
      defaults: false,
      patterns: ['acme-\\d+'],
      hmacKey: { from: 'credential', name: 'hmac.key' },
    });
    expect(enrich('redact: {hmac_key: env:HMAC_KEY}').redact.hmacKey).toEqual({ from: 'env', name: 'HMAC_KEY' });
    expect(enrich('redact: {hmac_key: "file:/run/secrets/hmac key"}').redact.hmacKey).toEqual({
      from: 'file',
      name: '/run/secrets/hmac key',
    });
  });
});

describe('enrich.filter', () => {
  it('takes rules in their order; a text is a list of one, a user that is a number is an id', () => {
    expect(
      enrich('filter: [{exclude: {exe: /usr/bin/cron*, user: [root, 0, "33"]}}, {include: {kind: [exec, exit]}}, {exclude: }]').filter,
    ).toEqual([
      { action: 'exclude', when: { exe: ['/usr/bin/cron*'], user: ['root', 0, 33] } },
      { action: 'include', when: { kind: ['EXEC', 'EXIT'] } },
      { action: 'exclude', when: {} },
    ]);
  });
});

describe('enrich.throttle', () => {
  it('is off, or on with the defaults of what is not said', () => {
    expect(enrich('throttle: off').throttle).toBeNull();
    expect(enrich('throttle: {}').throttle).toEqual({ by: 'cgroup', rate: 500, burst: 2000, reportEveryMs: 10_000 });
    expect(enrich('throttle: {by: exe, report_every: 1m}').throttle).toEqual({ by: 'exe', rate: 500, burst: 2000, reportEveryMs: 60_000 });
  });

  it('is shown with all its keys', () => {
    expect(load('enrich: {throttle: {rate: 5}}').effective.enrich.throttle).toEqual({
      by: 'cgroup',
      rate: 5,
      burst: 2000,
      report_every: '10s',
    });
    expect(load('{}', ['enrich.throttle.rate=7']).effective.enrich.throttle).toMatchObject({ rate: 7 });
    expect(load('enrich: {throttle: {rate: 5}}', ['enrich.throttle=off']).config.enrich.throttle).toBeNull();
  });
});

describe('what is refused', () => {
  it.each([
    ['redact: []', 'enrich.redact | must be a map of keys |'],
    ['redact: {patterns: acme}', 'enrich.redact.patterns | must be a list |'],
    ['redact: {patterns: [a, 5]}', 'enrich.redact.patterns[1] | must be text |'],
    ["redact: {patterns: ['(a']}", 'enrich.redact.patterns[0] | is not a regular expression of RE2 syntax: missing closing ): `(a` |'],
    ["redact: {patterns: ['a*']}", 'enrich.redact.patterns[0] | matches the empty text, and so everything |'],
    [
      'redact: {hmac_key: 5}',
      'enrich.redact.hmac_key | must say where the secret is | write where it is: env:NAME, file:PATH or credential:NAME',
    ],
    ['redact: {hmac_key: hunter2}', 'enrich.redact.hmac_key | must say where the secret is, and not be the secret |'],
    ['redact: {hmac_key: "env:a b"}', 'enrich.redact.hmac_key | is not the name of a variable |'],
    ['redact: {hmac_key: "file:"}', 'enrich.redact.hmac_key | is not the path of a file |'],
    ['redact: {hmac_key: "credential:../x"}', 'enrich.redact.hmac_key | is not the name of a credential |'],
    ['filter: {exclude: {}}', 'enrich.filter | must be a list of rules |'],
    ['filter: [exclude]', 'enrich.filter[0] | must be a rule |'],
    ['filter: [{exclude: {}, include: {}}]', 'enrich.filter[0] | must be include or exclude, and only one of them |'],
    ['filter: [{omit: {}}]', 'enrich.filter[0] | must be include or exclude, and only one of them |'],
    ['filter: [{exclude: x}]', 'enrich.filter[0].exclude | must be a map of conditions |'],
    [
      'filter: [{exclude: {path: x}}]',
      'enrich.filter[0].exclude.path | is an unknown condition | remove it; known here: kind, user, exe, name, cgroup,',
    ],
    ['filter: [{exclude: {kind: exce}}]', 'enrich.filter[0].exclude.kind | must be one of fork, exec,'],
    ['filter: [{exclude: {exe: []}}]', 'enrich.filter[0].exclude.exe | must not be an empty list |'],
    ['filter: [{exclude: {exe: [/x, 5]}}]', 'enrich.filter[0].exclude.exe[1] | must be text |'],
    ['filter: [{exclude: {user: -1}}]', 'enrich.filter[0].exclude.user | is not a user id |'],
    ['filter: [{exclude: {name: "a\\tb"}}]', 'enrich.filter[0].exclude.name | must not contain control characters |'],
    ['throttle: on', 'enrich.throttle | must be off, or a map of keys | write off, or its keys below it: by, rate, burst, report_every'],
    ['throttle: ', 'enrich.throttle | has no value |'],
    ['throttle: {by: user}', 'enrich.throttle.by | must be one of cgroup, exe |'],
    ['throttle: {rate: 0}', 'enrich.throttle.rate | must be a whole number from 1 to 1000000 |'],
    ['throttle: {report_every: 10}', 'enrich.throttle.report_every | needs a unit |'],
    ['throttle: {rat: 5}', 'enrich.throttle.rat | is an unknown key | did you mean rate?'],
  ])('%s', (text, expected) => {
    const [first = '', ...others] = summaryOf(issuesIn(`enrich: {${text}}`));
    expect(others).toEqual([]);
    expect(first).toMatch(/^1:\d+ /);
    expect(first.replace(/^\S+ /, '').startsWith(expected), first).toBe(true);
  });

  it('what may be a secret is not repeated', () => {
    expect(JSON.stringify(issuesIn('enrich: {redact: {hmac_key: hunter2}}'))).not.toContain('hunter2');
    expect(JSON.stringify(issuesIn('sinks: {bus: {type: nats, auth: hunter2}}'))).not.toContain('hunter2');
    expect(JSON.stringify(issuesIn('sinks: {siem: {type: kafka, sasl: [hunter2]}}'))).not.toContain('hunter2');
  });

  it('several mistakes at once, each in its place', () => {
    const text = 'enrich:\n  filter:\n    - exclude: {exe: 5, user: x}\n    - include: {kind: nope}\n  throttle: {rate: 0, burst: x}\n';
    expect(issuesIn(text).map(({ path, at }) => [path, at !== null && 'line' in at ? at.line : null])).toEqual([
      ['enrich.filter[0].exclude.exe', 3],
      ['enrich.filter[1].include.kind', 4],
      ['enrich.throttle.rate', 5],
      ['enrich.throttle.burst', 5],
    ]);
  });
});
