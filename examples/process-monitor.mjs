import { ProcessMonitor } from 'forkcast';

const monitor = new ProcessMonitor();

// Every shell: those that run already (SNAPSHOT), those that start (EXEC), and how each of them ended.
const shells = { name: /^(ba|da|z)?sh$/ };
monitor.on('exec', ({ kind, process }) => console.log(kind, process.pid, process.user, process.args), shells);
monitor.on('exit', ({ kind, process, exit }) => console.log(kind, process.pid, exit.code ?? exit.signal_name), shells);

// Nothing is lost in silence.
monitor.on('gap', ({ gap }) => console.error(`${gap.count} events lost, ${gap.exact ? 'exactly' : 'at least'}`));
monitor.on('error', (error) => console.error(error.message));

// Everything else in a loop, which ends when the monitor stops.
const forks = monitor.events({ kinds: ['fork'] });

await monitor.start(); // from here on nothing is missed
process.once('SIGINT', () => monitor.stop());

for await (const event of forks) {
  if (event.kind === 'FORK') console.log('FORK', event.parent?.pid, '->', event.process.pid, event.process.name);
}
