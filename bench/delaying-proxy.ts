/** `node bench/delaying-proxy.ts PORT TO_PORT DELAY_MS`: passes on what comes to 127.0.0.1:PORT, either way that much later. Says `ready` when it listens. */
import { createServer, connect } from 'node:net';
import type { Socket } from 'node:net';

const [port, target, delayMs] = process.argv.slice(2).map(Number) as [number, number, number];

/** All that came, in its order, each piece when it is due: as a long line does, whose capacity is not what is short. */
function passOn(from: Socket, to: Socket): void {
  const later = (what: () => void): void => void setTimeout(() => to.destroyed || what(), delayMs);
  from.on('data', (piece) => later(() => to.write(piece)));
  from.on('end', () => later(() => to.end()));
  from.on('error', () => to.destroy());
  from.on('close', () => later(() => to.destroy()));
}

const server = createServer({ noDelay: true }, (near) => {
  const far = connect({ port: target, host: '127.0.0.1', noDelay: true });
  passOn(near, far);
  passOn(far, near);
});
server.listen(port, '127.0.0.1', () => process.stdout.write('ready\n'));
