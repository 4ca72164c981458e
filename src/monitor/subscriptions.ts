import type { AgentError } from '../core/errors.ts';
import type { ProcessEvent } from '../core/event.ts';
import type { KernelKind } from '../core/kernel-event.ts';
import type { NameFilter } from './name-filter.ts';
import type { GapRecord, MonitorKind, ProcessRecord } from './records.ts';
import type { Subscriber } from './subscriber.ts';
import type { Tally } from './tally.ts';

/** What somebody subscribes to. */
export interface Wish {
  readonly kinds: readonly MonitorKind[];
  readonly filter: NameFilter | undefined;
  /** See SubscribeOptions. */
  readonly existing: boolean | undefined;
  /** The callback, if it is one: the same must not be subscribed twice to the same. */
  readonly listener?: unknown;
}

/** The run that is heard at the moment. */
export interface RunView {
  /** The record of an event, made when the first subscriber wants it. */
  publish(event: ProcessEvent): ProcessRecord;
  /** Path of the executable that the process with this pid runs, as far as known. */
  exeOf(pid: number): string | null;
  /** Who runs now and is known by more than the pid. */
  known(): Iterable<ProcessEvent>;
}

interface Subscription extends Wish {
  readonly subscriber: Subscriber;
  /** It came while this run was under way. */
  late: boolean;
}

const KERNEL_KINDS = {
  fork: 'FORK',
  exec: 'EXEC',
  exit: 'EXIT',
  uid: 'UID',
  gid: 'GID',
  sid: 'SID',
  ptrace: 'PTRACE',
  comm: 'COMM',
  coredump: 'COREDUMP',
} as const satisfies Record<MonitorKind, KernelKind>;

export const MONITOR_KINDS = Object.keys(KERNEL_KINDS) as readonly MonitorKind[];

const everybody = (): boolean => true;

/** Who wants what, and the way of each event to those who want it. Lists are replaced, never changed: listeners subscribe and unsubscribe while one is walked. */
export class Subscriptions {
  readonly #tally: Tally;
  readonly #wanted = new Set<KernelKind>();
  readonly #lists: Partial<Record<KernelKind, readonly Subscription[]>> = {};
  #all: readonly Subscription[] = [];
  #run: RunView | undefined;

  constructor(tally: Tally) {
    this.#tally = tally;
  }

  /** Kinds that anybody wants, kept up to date: of the others nobody needs to make events. */
  get wanted(): ReadonlySet<KernelKind> {
    return this.#wanted;
  }

  get count(): number {
    return this.#all.length;
  }

  hasListener(listener: unknown, kind: MonitorKind, filter: NameFilter | undefined): boolean {
    return this.#all.some((one) => one.listener === listener && one.kinds.includes(kind) && one.filter?.key === filter?.key);
  }

  add(subscriber: Subscriber, wish: Wish): void {
    const subscription: Subscription = { ...wish, subscriber, late: this.#run !== undefined };
    if (wish.existing === true && wish.kinds.includes('exec')) this.#replay(subscription);
    this.#replaceAll([...this.#all, subscription]);
  }

  remove(subscriber: Subscriber): void {
    this.#replaceAll(this.#all.filter((one) => one.subscriber !== subscriber));
  }

  begin(run: RunView): void {
    this.#run = run;
    for (const one of this.#all) one.late = false;
  }

  /** True: some subscriber passes the error on. */
  end(error: AgentError | undefined): boolean {
    this.#run = undefined;
    let heard = false;
    for (const { subscriber } of this.#all) heard = subscriber.end(error) || heard;
    return heard;
  }

  dispatch(event: ProcessEvent): void {
    this.#deliver(event, everybody);
  }

  /** A process that was there before the run: for those who had subscribed by then, unless they said otherwise, and for those who asked. */
  announce(event: ProcessEvent): void {
    this.#deliver(event, ({ existing, late }) => existing ?? !late);
  }

  #deliver(event: ProcessEvent, to: (subscription: Subscription) => boolean): void {
    const list = this.#listOf(event);
    let record: ProcessRecord | undefined;
    for (let i = 0; i < list.length; i += 1) {
      const subscription = list[i] as Subscription;
      if (!to(subscription) || !this.#passes(subscription, event)) continue;
      record ??= this.#run?.publish(event);
      if (record !== undefined) subscription.subscriber.take(record);
    }
  }

  gap(gap: GapRecord): void {
    for (const { subscriber } of this.#all) subscriber.gap(gap);
  }

  #listOf({ kind }: ProcessEvent): readonly Subscription[] {
    if (kind === 'UNKNOWN') return [];
    return this.#lists[kind === 'SNAPSHOT' ? 'EXEC' : kind] ?? [];
  }

  #passes({ filter }: Subscription, { kind, process }: ProcessEvent): boolean {
    if (filter === undefined) return true;
    const { name } = process;
    // A FORK does not carry the executable, which is the parent's.
    const exe = kind === 'FORK' ? (this.#run?.exeOf(process.pid) ?? null) : process.exe;
    if (name !== null || exe !== null) return filter.matches({ name, exe });
    this.#tally.unnamed += 1;
    return false;
  }

  #replay(subscription: Subscription): void {
    const run = this.#run;
    if (run === undefined) return;
    const records: ProcessRecord[] = [];
    for (const event of run.known()) if (this.#passes(subscription, event)) records.push(run.publish(event));
    subscription.subscriber.seed(records);
  }

  #replaceAll(all: readonly Subscription[]): void {
    this.#all = all;
    this.#wanted.clear();
    for (const kind of MONITOR_KINDS) {
      const list = all.filter(({ kinds }) => kinds.includes(kind));
      this.#lists[KERNEL_KINDS[kind]] = list;
      if (list.length > 0) this.#wanted.add(KERNEL_KINDS[kind]);
    }
  }
}
