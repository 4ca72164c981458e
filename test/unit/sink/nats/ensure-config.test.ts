import { describe, expect, test } from 'vitest';
import { compileEnsuredStream, creationCommand } from '../../../../src/sink/nats/ensure-config.ts';

const values = { max_size: '10GiB', max_age: '168h', replicas: 3, dedupe_window: '2m', storage: 'file', discard: 'new' } as const;
const subjects = ['forkcast.{host}.process.{kind}', 'forkcast.{host}.agent.{kind}'];

describe('a stream that is to be created', () => {
  test('has the bounds that are written, and takes both kinds of records', () => {
    expect(compileEnsuredStream(values, subjects)).toEqual({
      subjects: ['forkcast.*.process.*', 'forkcast.*.agent.*'],
      maxBytes: 10 * 1024 ** 3,
      maxAgeMs: 168 * 3_600_000,
      replicas: 3,
      dedupeWindowMs: 120_000,
      storage: 'file',
      discard: 'new',
    });
  });

  test('listens to a subject once', () => {
    expect(compileEnsuredStream(values, ['f.{host}', 'f.{kind}']).subjects).toEqual(['f.*']);
  });

  test('recognises nothing for longer than it keeps it: servers refuse that', () => {
    const wanted = compileEnsuredStream({ ...values, max_age: '1m', dedupe_window: '2m' }, subjects);
    expect(wanted.dedupeWindowMs).toBe(60_000);
    expect(creationCommand('S', wanted)).toContain('--max-age=60s --dupe-window=60s');
  });

  test('is created by a command as by the agent', () => {
    expect(creationCommand('FORKCAST', compileEnsuredStream({ ...values, dedupe_window: '1500ms' }, subjects))).toBe(
      "nats stream add FORKCAST --subjects='forkcast.*.process.*,forkcast.*.agent.*' --storage=file --replicas=3 --retention=limits " +
        '--discard=new --max-bytes=10737418240 --max-age=604800s --dupe-window=2s --defaults',
    );
  });

  test('has bounds in the command that proposes one, too', () => {
    expect(creationCommand('S', { subjects: ['f.>'] })).toBe(
      "nats stream add S --subjects='f.>' --storage=file --replicas=1 --retention=limits --discard=old --max-bytes=10737418240 " +
        '--max-age=604800s --dupe-window=120s --defaults',
    );
  });
});
