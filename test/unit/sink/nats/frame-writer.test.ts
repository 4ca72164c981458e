import type { NatsConnection } from '@nats-io/transport-node';
import * as fc from 'fast-check';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { FrameWriter, frameBytes } from '../../../../src/sink/nats/frame-writer.ts';
import type { Message } from '../../../../src/sink/nats/message.ts';
import { record } from '../../../contract/records.ts';
import { FakeConnection } from './fake-connection.ts';
import { framesIn } from './frames.ts';
import { batchMessage, envelopeOf, messageOf } from './messages.ts';

function written(messages: readonly Message[], reply = ''): FakeConnection {
  const connection = new FakeConnection();
  const writer = new FrameWriter(connection.client);
  for (const message of messages) writer.write(message, message.headers(), reply);
  writer.flush();
  return connection;
}

describe('frames of the protocol', () => {
  test('are these, byte for byte', () => {
    const message = messageOf(7, 'f.x');
    const headers = message.headers();
    const content = Buffer.concat([Buffer.from([0xc3, 0x01]), message.events[0]?.bytes as Buffer]).toString('latin1');
    const bytesOf = (reply: string) => Buffer.concat(written([message], reply).slabs).toString('latin1');
    expect(bytesOf('')).toBe(`HPUB f.x ${headers.length} ${headers.length + 18}\r\n${headers}${content}\r\n`);
    expect(bytesOf('_INBOX.a.1')).toBe(`HPUB f.x _INBOX.a.1 ${headers.length} ${headers.length + 18}\r\n${headers}${content}\r\n`);
  });

  test('have the length of each record before it where a message holds several', () => {
    const [frame] = written([batchMessage([record(1, 16), record(2, 300)])]).frames;
    const lengthAndMarker = (at: number) => [frame?.body.readUInt32BE(at), frame?.body.toString('hex', at + 4, at + 6)];
    expect([lengthAndMarker(0), lengthAndMarker(22)]).toEqual([
      [18, 'c301'],
      [302, 'c301'],
    ]);
    expect(frame?.body.length).toBe(4 + 18 + 4 + 302);
  });

  test('go to the socket together, and none before it is complete', () => {
    const connection = written(Array.from({ length: 100 }, (_, i) => messageOf(i + 1)));
    expect([connection.frames.length, connection.slabs.length]).toEqual([100, 1]);
  });

  test('of any size arrive as they were, and stay so when more is written', () => {
    const sizes = fc.array(fc.integer({ min: 12, max: 100_000 }), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(sizes, fc.array(fc.boolean(), { minLength: 30, maxLength: 30 }), (list, flushes) => {
        const connection = new FakeConnection();
        const writer = new FrameWriter(connection.client);
        const messages = list.map((size, i) =>
          i % 3 === 0 ? batchMessage([record(i + 1, size), record(i + 2)]) : batchMessage([record(i + 1, size)]),
        );
        messages.forEach((message, i) => {
          writer.write(message, message.headers(), `r.${i}`);
          if (flushes[i] === true) writer.flush();
        });
        writer.flush();
        // As the slabs are now, which the socket may not have sent yet.
        const frames = framesIn(Buffer.concat(connection.slabs));
        frames.forEach(({ reply, headers, body }, i) => {
          const message = messages[i] as Message;
          expect([reply, headers]).toEqual([`r.${i}`, message.headers()]);
          let at = 0;
          for (const { bytes } of message.events) {
            expect(Buffer.compare(body.subarray(at + 6, at + 6 + bytes.length), bytes)).toBe(0);
            at += 6 + bytes.length;
          }
          expect(at).toBe(body.length);
        });
        expect(frames.length).toBe(messages.length);
      }),
      { numRuns: 30 },
    );
  });

  test('are not sent again by a flush without any', () => {
    const connection = new FakeConnection();
    const writer = new FrameWriter(connection.client);
    writer.flush();
    writer.write(messageOf(1), messageOf(1).headers(), '');
    writer.flush();
    writer.flush();
    expect(connection.slabs.length).toBe(1);
  });

  test('are counted with what is around their content', () => {
    const message = batchMessage([record(1), record(2)], envelopeOf());
    const [slab] = written([message]).slabs;
    expect(Math.abs(frameBytes(message, message.headers()) - (slab?.length ?? 0))).toBeLessThan(64);
  });
});

describe('the client of NATS', () => {
  // Where it is, so that what it does not export is what runs.
  const transport = dirname(createRequire(import.meta.url).resolve('@nats-io/transport-node'));
  const core = dirname(createRequire(join(transport, 'x.js')).resolve('@nats-io/nats-core'));
  const { ProtocolHandler } = createRequire(import.meta.url)(join(core, 'protocol.js')) as {
    ProtocolHandler: new (...of: unknown[]) => object;
  };
  const { NatsConnectionImpl } = createRequire(import.meta.url)(join(core, 'nats.js')) as { NatsConnectionImpl: { prototype: object } };

  test('is the one whose insides are known: bytes go to its transport as they are, in the order of its commands', async () => {
    const sent: Buffer[] = [];
    const protocol = Object.assign(new ProtocolHandler({ servers: ['127.0.0.1:1'], reconnect: false }, { publish: () => undefined }), {
      infoReceived: true,
      connected: true,
      transport: { send: (bytes: Uint8Array) => sent.push(Buffer.from(bytes)) },
    });
    const connection = Object.assign(Object.create(NatsConnectionImpl.prototype) as object, { protocol }) as unknown as NatsConnection;
    const writer = new FrameWriter(connection);
    const message = messageOf(1);
    writer.write(message, message.headers(), '');
    writer.flush();
    expect(sent.length).toBe(1);
    writer.write(message, message.headers(), '');
    writer.flush();
    connection.flush().catch(() => undefined);
    const [frame] = written([message]).slabs.map((slab) => Buffer.from(slab).toString('latin1'));
    expect(Buffer.concat(sent).toString('latin1')).toBe(`${frame}${frame}PING\r\n`);
  });

  test('is refused where it is another', () => {
    for (const other of [{}, { protocol: {} }, { protocol: { sendCommand: () => undefined } }])
      expect(() => new FrameWriter(other as unknown as NatsConnection)).toThrow('not the one that this was made for');
  });
});
