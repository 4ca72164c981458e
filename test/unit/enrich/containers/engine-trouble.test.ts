import { describe, expect, it } from 'vitest';
import { connectionTrouble, engineTrouble, reasonOf } from '../../../../src/enrich/containers/engine-trouble.ts';

const failed = (code: string): Error => Object.assign(new Error(`connect ${code} /x`), { code });

describe('trouble with an engine', () => {
  it.each([
    ['ENOENT', 'absent'],
    ['ECONNREFUSED', 'absent'],
    ['EACCES', 'permission'],
    ['EPERM', 'permission'],
    ['ECONNRESET', 'unreachable'],
    ['HPE_INVALID_CONSTANT', 'unreachable'],
  ])('that shows as %s is: %s', (code, reason) => {
    const error = connectionTrouble('/run/docker.sock', failed(code));
    expect([error.code, reasonOf(error), error.context['path'], error.retry]).toEqual([
      'CONTAINER_ENGINE',
      reason,
      '/run/docker.sock',
      'backoff',
    ]);
    expect(error.message).toContain('/run/docker.sock');
  });

  it('says what to do where something can be done', () => {
    expect(connectionTrouble('/x', failed('EACCES')).fix).toContain('group docker');
    expect(connectionTrouble('/x', failed('ENOENT')).fix).toContain('enrich.containers.docker');
  });

  it('repeats nothing that a terminal would obey, nor for long', () => {
    const { message } = engineTrouble({ reason: 'status', socketPath: '/x', detail: `answered \u001b[31m${'x'.repeat(1000)}` });
    expect(message).toContain('\\x1b[31m');
    expect(message.length).toBeLessThan(300);
  });

  it('that is ours is a bug', () => {
    expect(reasonOf(connectionTrouble('/x', failed('ENOENT')))).toBe('absent');
    const inner = engineTrouble({ reason: 'oversize', socketPath: '/x', detail: 'y' });
    expect(connectionTrouble('/x', inner)).toBe(inner);
  });
});
