import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeTempDir } from '../../helpers/temp-dir.ts';

/** `npm run campaign:spool` has 300. */
const KILLS = Number(process.env['FORKCAST_SPOOL_KILLS'] ?? 100);
/** Steps that a life is given at most, so that the kill comes anywhere among them. */
const MOST_STEPS = 120;

type Span = readonly [from: number, to: number];

/** What all lives together said. */
class Story {
  pushed = 0;
  readonly taken: Span[] = [];
  readonly delivered = new Map<number, number>();
  /** Delivered, and killed before the acknowledgement was over. */
  readonly inFlight = new Set<number>();
  readonly strange: string[] = [];
  #acknowledging: Span | undefined;

  tell(line: string): void {
    const [what, from, to] = line.split(' ');
    const span: Span = [Number(from), Number(to)];
    if (what === 'push') this.pushed = Math.max(this.pushed, span[1]);
    else if (what === 'took') this.taken.push(span);
    else if (what === 'got') {
      this.#acknowledging = span;
      for (const sequence of each(span)) this.delivered.set(sequence, (this.delivered.get(sequence) ?? 0) + 1);
    } else if (what === 'done') this.#acknowledging = undefined;
    else if (what === 'event' && !line.includes('"torn"')) this.strange.push(line);
  }

  killed(): void {
    if (this.#acknowledging !== undefined) for (const sequence of each(this.#acknowledging)) this.inFlight.add(sequence);
    this.#acknowledging = undefined;
  }
}

function* each([from, to]: Span): Generator<number> {
  for (let sequence = from; sequence <= to; sequence += 1) yield sequence;
}

describe('Spool in a process that is killed again and again', () => {
  let folder: { path: string; remove(): Promise<void> };
  beforeEach(async () => {
    folder = await makeTempDir();
  });
  afterEach(() => folder.remove());

  async function life(story: Story, args: readonly string[], steps: number): Promise<void> {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'kill-run.ts'), join(folder.path, 'spool'), ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
      // Half of a life would go into reading the same modules again.
      env: { ...process.env, NODE_COMPILE_CACHE: join(folder.path, 'compiled') },
    });
    let said = 0;
    for await (const line of createInterface(child.stdout)) {
      story.tell(line);
      said += 1;
      if (said === steps) child.kill('SIGKILL');
    }
    if (child.signalCode === null && child.exitCode === null) await once(child, 'exit');
    expect(steps === Infinity ? child.exitCode : child.signalCode).toBe(steps === Infinity ? 0 : 'SIGKILL');
    story.killed();
  }

  it(`delivers all that it accepted in ${KILLS} lives, and again only what was being acknowledged`, async () => {
    const story = new Story();
    for (let i = 0; i < KILLS; i += 1) await life(story, [String(story.pushed + 1)], 1 + Math.floor(Math.random() * MOST_STEPS));
    await life(story, [String(story.pushed + 1), 'drain'], Infinity);

    const lost = story.taken.flatMap((span) => [...each(span)].filter((sequence) => !story.delivered.has(sequence)));
    expect(lost, 'lost').toEqual([]);
    expect(
      [...story.delivered.keys()].filter((sequence) => sequence > story.pushed),
      'invented',
    ).toEqual([]);
    const again = [...story.delivered].filter(([sequence, times]) => times > 1 && !story.inFlight.has(sequence));
    expect(again, 'delivered again').toEqual([]);
    expect(story.strange).toEqual([]);
    expect(story.taken.length).toBeGreaterThan(KILLS * 3);
  }, 600_000);
});
