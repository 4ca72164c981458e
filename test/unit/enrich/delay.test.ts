import { describe, expect, it } from 'vitest';
import type { Heard } from '../../../src/core/kernel-event.ts';
import {
  capture,
  CAPTURE_DELAY_US,
  comm,
  coredump,
  DELAY_US,
  eventOf,
  exec,
  exit,
  fork,
  gid,
  newEnricher,
  ptrace,
  sid,
  snapshot,
  uid,
} from './fixtures.ts';

const AT = 1000;
const READ = capture({ pid: 60, startMs: AT - 1 });
const delayOf = (heard: Heard) => eventOf(newEnricher(), heard).provenance.enrich_delay_us;

describe('enrich_delay_us', () => {
  it.each([
    fork(AT, 50, 60),
    exec(AT, 60),
    exit(AT, 60),
    uid(AT, 60, [1, 1]),
    gid(AT, 60, [1, 1]),
    sid(AT, 60),
    ptrace(AT, 60, 50),
    comm(AT, 60, 'name'),
    coredump(AT, 60),
  ])('ends with the receipt of $kind', (heard) => {
    expect(delayOf(heard)).toBe(DELAY_US);
  });

  it.each([exec(AT, 60, READ), snapshot(AT, 60, READ)])('ends with the capture of $kind', (heard) => {
    expect(delayOf(heard)).toBe(CAPTURE_DELAY_US);
  });
});
