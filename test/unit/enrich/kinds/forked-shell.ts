import { capture, eventOf, fork, newEnricher, snapshot } from '../fixtures.ts';

/** When the shell forks. */
export const AT = 2000;

/** A shell, 50, that has just forked: 60. */
export const forked = () => {
  const enricher = newEnricher();
  const shell = eventOf(
    enricher,
    snapshot(
      1500,
      50,
      capture({ pid: 50, comm: 'bash', ppid: 40, argv: ['bash'], exe: '/bin/bash', cgroup: '/user.slice', startMs: 1000 }),
    ),
  );
  const child = eventOf(enricher, fork(AT, 50, 60));
  return { enricher, shell, child };
};

/** What the child runs then. */
export const ls = { pid: 60, comm: 'ls', ppid: 50, argv: ['ls', '-l'], exe: '/bin/ls', startMs: AT };
