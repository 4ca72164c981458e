import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { jetStreamTarget } from '../../../src/cli/verify-jetstream-target.ts';
import type { JetStreamOptions } from '../../../src/cli/verify-jetstream-target.ts';
import { AgentError } from '../../../src/core/errors.ts';
import { tempDir } from '../../helpers/temp-dir.ts';
import { forkcast } from './fake-io.ts';

const BUS = { type: 'nats', servers: ['tls://bus:5'], stream: 'EVENTS', subject: 'own.{host}.process', name: 'me', tls: {} };

async function configOf(sinks: Record<string, object>): Promise<string> {
  const path = join(await tempDir(), 'forkcast.json');
  await writeFile(path, JSON.stringify({ sinks }));
  return path;
}

function refusal(options: JetStreamOptions): AgentError {
  try {
    jetStreamTarget(options);
  } catch (error) {
    if (error instanceof AgentError) return error;
    throw error;
  }
  throw new Error('it was taken');
}

describe('what verify --jetstream reads', () => {
  test('is the stream that is named at the servers that are named, all of it', () => {
    expect(jetStreamTarget({ jetstream: 'nats://a, tls://[::1]:2', stream: 'X' })).toMatchObject({
      connection: {
        servers: [
          { host: 'a', port: 4222, encrypted: false },
          { host: '::1', port: 2, encrypted: true },
        ],
        tls: null,
        auth: null,
      },
      stream: 'X',
      subjects: [],
    });
  });

  test('is what the one NATS sink of the configuration writes, or that which is chosen', async () => {
    const config = await configOf({ bus: BUS, disk: { type: 'file' } });
    expect(jetStreamTarget({ jetstream: true, config })).toMatchObject({
      connection: { servers: [{ host: 'bus', port: 5 }], name: 'me', tls: { serverName: null } },
      stream: 'EVENTS',
      subjects: ['own.*.process', 'own.*.agent'],
    });
    const two = await configOf({ bus: BUS, next: { ...BUS, stream: 'OTHER' } });
    expect(jetStreamTarget({ jetstream: true, config: two, sink: 'next' }).stream).toBe('OTHER');
    expect(refusal({ jetstream: true, config: two })).toMatchObject({ code: 'USAGE', message: 'there are several NATS sinks: bus, next' });
    expect(refusal({ jetstream: true, config: two, sink: 'x' })).toMatchObject({ code: 'USAGE', message: 'there is no NATS sink "x"' });
  });

  test('may be another stream at other servers with the credentials of a sink, under whatever subjects', async () => {
    const config = await configOf({ bus: BUS });
    expect(jetStreamTarget({ jetstream: 'mirror:9', config, stream: 'COPY' })).toMatchObject({
      connection: { servers: [{ host: 'mirror', port: 9 }], tls: { serverName: null } },
      stream: 'COPY',
      subjects: [],
    });
  });

  test('is nothing where nothing is kept', async () => {
    const { stream: _, ...core } = { ...BUS, mode: 'core' };
    const config = await configOf({ bus: core });
    expect(refusal({ jetstream: true, config })).toMatchObject({ message: 'the sink bus is of mode core: nothing keeps what it sends' });
    expect(jetStreamTarget({ jetstream: true, config, stream: 'X' }).stream).toBe('X');
  });

  test.each<[JetStreamOptions, string]>([
    [{ jetstream: 'a:1' }, 'no stream is named'],
    [{ jetstream: true, stream: 'X' }, 'the built-in configuration has no NATS sink'],
    [
      { jetstream: 'ws://a:1', stream: 'X' },
      '--jetstream "ws://a:1": each server is an address of WebSocket, which this sink does not speak',
    ],
    [{ jetstream: 'nats://me:secret@a:1', stream: 'X' }, '--jetstream: each server must not contain a user'],
    [{ jetstream: 'a:1', stream: 'X.y' }, '--stream "X.y" is not the name of a stream'],
  ])('is not guessed: %j', (options, message) => {
    expect(refusal(options)).toMatchObject({ code: 'USAGE', message });
  });

  test.each([
    [['--jetstream', 'a:1', '--kafka', 'b:1'], '--kafka and --jetstream do not go together'],
    [['--jetstream=a:1', 'data/events'], 'files and --jetstream do not go together: data/events'],
    [['--jetstream', 'a:1', '--topic', 'x'], '--topic is for --kafka only'],
    [['--kafka', 'a:1', '--stream', 'x'], '--stream is for --jetstream only'],
    [['--sink', 'x', 'data/events'], '--sink is for --kafka or --jetstream only'],
  ])('is one thing at a time: %j', async (args, message) => {
    const { code, err } = await forkcast('verify', ...args);
    expect(err).toContain(message);
    expect(code).toBe(64);
  });
});
