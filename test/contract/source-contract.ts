import { readdirSync, readlinkSync } from 'node:fs';
import { setImmediate as immediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AgentError } from '../../src/core/errors.ts';
import type { EventSource } from '../../src/core/event-source.ts';
import type { Heard } from '../../src/core/kernel-event.ts';
import { waitFor } from '../helpers/wait-for.ts';

/** A source with what makes it hear something. */
export interface SourceFixture {
  /** Not opened yet. */
  readonly source: EventSource;
  /** Makes sure that there is something to hear from now on. */
  readonly stir?: () => void;
  readonly dispose?: () => Promise<void>;
}

const never = new AbortController().signal;

/** What keeps an event loop alive, by name, but for timers, which are looked at one by one, and requests that are about to end; and the files that are open. */
function resources(): string[] {
  const names = process.getActiveResourcesInfo().filter((name) => !/Req|Immediate|Timeout/.test(name));
  const files = readdirSync('/proc/self/fd').flatMap((fd) => targetOf(fd));
  return [...names, ...files.filter((file) => file.startsWith('/') && !/^\/(dev|proc)\//.test(file))];
}

/** Of what there is now, what there was not. */
function newResources(before: readonly string[]): string[] {
  const known = [...before];
  return resources().filter((name) => {
    const at = known.indexOf(name);
    if (at >= 0) known.splice(at, 1);
    return at < 0;
  });
}

function targetOf(fd: string): string[] {
  try {
    return [readlinkSync(`/proc/self/fd/${fd}`)];
  } catch {
    // That of the listing itself.
    return [];
  }
}

/** All that the source hands out until it has ended. */
async function drain(source: EventSource): Promise<Heard[]> {
  const heard: Heard[] = [];
  for (let batch = await source.read(never); batch !== undefined; batch = await source.read(never)) heard.push(...batch.items);
  return heard;
}

/** Long enough for a reader to be waiting, if it is going to wait. */
async function turns(): Promise<void> {
  for (let i = 0; i < 10; i += 1) await immediate();
}

/** The law of `EventSource`, for every implementation of it. */
export function sourceContract(name: string, make: () => Promise<SourceFixture>): void {
  describe(`${name} keeps the law of sources`, () => {
    let fixture: SourceFixture;
    let source: EventSource;
    let before: string[];

    beforeEach(async () => {
      before = resources();
      fixture = await make();
      source = fixture.source;
    });
    afterEach(async () => {
      await source.close();
      await fixture.dispose?.();
    });

    /** Opens it, hears something, closes it, and hears the rest. */
    async function listen(): Promise<Heard[]> {
      await source.open(never);
      fixture.stir?.();
      const first = await source.read(never);
      const rest = drain(source);
      await turns();
      await source.close();
      return [...(first?.items ?? []), ...(await rest)];
    }

    it('closes before it was opened, and more than once', async () => {
      await source.close();
      await source.close();
    });

    it('closes more than once after it was opened, at the same time too', async () => {
      await source.open(never);
      await Promise.all([source.close(), source.close()]);
      await source.close();
    });

    it('gives up opening when the boot is aborted, and closes after that', async () => {
      await expect(source.open(AbortSignal.abort(new Error('no boot')))).rejects.toThrow('no boot');
      await source.close();
    });

    it('closes while it opens', async () => {
      const opening = source.open(never).catch(() => undefined);
      await source.close();
      await opening;
      await source.close();
    });

    it('describes itself once it is open, and not before', async () => {
      expect(() => source.describe()).toThrow(AgentError);
      await source.open(never);
      const { sources, degraded, lossWindows } = source.describe();
      expect(sources.length).toBeGreaterThan(0);
      for (const text of [...sources, ...lossWindows, ...degraded.flatMap(({ feature, reason }) => [feature, reason])])
        expect(text).not.toBe('');
    });

    it('hands out all that it heard before it was closed, then says that there is no more, again and again', async () => {
      expect((await listen()).length).toBeGreaterThan(0);
      expect(await source.read(never)).toBeUndefined();
      expect(await source.read(never)).toBeUndefined();
    });

    it('ends a read that waits when it is closed', async () => {
      await source.open(never);
      const reading = drain(source);
      await turns();
      await source.close();
      await reading;
    });

    it('counts exactly what it handed out', async () => {
      const heard = await listen();
      const { counts } = source;
      const events = heard.filter(({ kind }) => kind !== 'SNAPSHOT' && kind !== 'SCAN' && kind !== 'LOSS').length;
      expect(counts.heard).toBe(events + counts.acks + counts.unknown);
      expect(counts.lost).toBe(heard.reduce((sum, item) => sum + (item.kind === 'LOSS' ? item.count : 0), 0));
      expect(heard.length).toBeGreaterThan(0);
    });

    it('knows the last number of each CPU that it handed out', async () => {
      const heard = await listen();
      const { kernelSeqs } = source;
      for (const item of heard) if ('kernelSeq' in item) expect(kernelSeqs[item.cpu]).toBeGreaterThanOrEqual(item.kernelSeq);
    });

    it('knows how long the machine had been suspended, at any moment', async () => {
      const heard = await listen();
      for (const ns of [0, (heard.at(-1) as Heard).monotonicNs]) expect(source.bootOffsetNs(ns)).toBeGreaterThanOrEqual(0);
    });

    it('gives up reading when the signal aborts, and loses nothing by it', async () => {
      await source.open(never);
      fixture.stir?.();
      await expect(source.read(AbortSignal.abort(new Error('not now')))).rejects.toThrow('not now');
      const first = await source.read(never);
      const rest = drain(source);
      await source.close();
      const heard = [...(first?.items ?? []), ...(await rest)];
      const { acks, unknown, heard: counted } = source.counts;
      expect(heard.filter((item) => 'kernelSeq' in item).length).toBe(counted - acks - unknown);
    });

    it('ends soon when it is told to hurry', async () => {
      await source.open(never);
      const reading = drain(source);
      await turns();
      source.hurry?.();
      await source.close();
      await reading;
    });

    it('can be left at once, at any time and any number of times', async () => {
      source.closeNow();
      await source.close();
      const other = await make();
      await other.source.open(never);
      other.source.closeNow();
      other.source.closeNow();
      await other.source.close();
      await drain(other.source);
      other.source.closeNow();
      await other.dispose?.();
    });

    it('leaves nothing running', async () => {
      const timeouts = vi.spyOn(globalThis, 'setTimeout');
      const intervals = vi.spyOn(globalThis, 'setInterval');
      await listen();
      const timers = [...timeouts.mock.results, ...intervals.mock.results].map((result) => result.value as { _destroyed: boolean });
      expect(timers.filter((timer) => !timer._destroyed)).toEqual([]);
      vi.restoreAllMocks();
      await waitFor(() => newResources(before).length === 0, { what: 'its resources to be gone', timeoutMs: 5000 }).catch(
        (error: unknown) => {
          throw new Error(`left behind: ${newResources(before).join(', ')}`, { cause: error });
        },
      );
    });
  });
}
