import type { ProcessEvent } from '../../core/event.ts';
import type { KernelEvent, ScanEvent, SnapshotEvent } from '../../core/kernel-event.ts';
import { applyCaptured, type Captured } from '../captured.ts';
import type { EnrichContext } from '../context.ts';
import { imageOf, isAnotherImage, nextImage } from '../images.ts';
import type { Machine } from '../machine.ts';
import { isDead, parseStat, runningThreads, type StatFields } from '../procfs/stat.ts';
import { strayEntry } from '../resolve.ts';
import { readStart } from '../start-time.ts';
import { ANNOUNCED, OWN_IMAGE, START_EXACT, START_UNKNOWN, type Entry } from '../table/entry.ts';
import { Bracket } from './bracket.ts';
import { dieUnseen, recoveredExec, recoveredProcess, recoveredRoot, type UnseenEnd } from './recovered.ts';
import { countThreads, isGlance, isOf, recountThreads, sightingOf, type Sighting } from './sighting.ts';

/** A start that /proc gave is that of its tick's begin. */
const TICK_NS = 1e7;

/**
 * Compares the table with listings of /proc, and recovers what lost messages would have told.
 *
 * A listing runs ahead of the messages: a FORK, EXEC or EXIT that it makes evident may merely be queued. So what it saw (a sighting) waits for the END of the
 * listing, by when everything queued at its time has been heard, and is then compared with the table; what differs was lost. It waits no longer than until the
 * process itself is heard of with a later stamp: whatever came before has been heard by then, and events stay in their order. Nothing is concluded from the
 * absence of a process but at the END, and nothing at all at the start. A listing that is given up leaves its sightings to the next one.
 */
export class Resync {
  readonly #ctx: EnrichContext;
  readonly #machine: Machine;
  readonly #bracket: Bracket;
  readonly #sightings = new Map<number, Sighting>();
  #listing = 0;
  /** A loss was declared since the last complete listing, or since this one began. */
  #lost = false;
  #lostSince = false;
  #announces = false;

  constructor(ctx: EnrichContext, machine: Machine, publishesStart: boolean) {
    this.#ctx = ctx;
    this.#machine = machine;
    this.#bracket = new Bracket(ctx, publishesStart);
  }

  /** Sightings wait: `before` is to be told of each message. */
  get isWaiting(): boolean {
    return this.#sightings.size > 0;
  }

  noteLoss(): void {
    this.#lost = true;
    this.#lostSince = true;
    this.#announces = true;
  }

  begin(scan: ScanEvent): void {
    this.#listing++;
    this.#lostSince = false;
    // Without a loss, what an interval finds is what the table had forgotten.
    this.#announces = scan.purpose !== 'interval' || this.#lost;
    this.#bracket.begin(scan);
  }

  /** Takes in what a listing other than the one at the start saw. Nothing comes of it yet: null. */
  see(event: SnapshotEvent): null {
    const stat = parseStat(event.capture.stat);
    if (stat === undefined || event.pid !== event.tgid) return null;
    const holder = this.#ctx.table.get(event.tgid);
    if (holder === undefined) {
      if (runningThreads(stat) > 0) this.#keep(event, stat);
    } else if (isOf(this.#ctx, stat, holder)) this.#seeKnown(event, stat, holder);
    else if (holder.startSource === START_UNKNOWN || stat.startTicks > holder.startTicks) this.#keep(event, stat);
    return null;
  }

  #seeKnown(event: SnapshotEvent, stat: StatFields, entry: Entry): void {
    entry.listed = this.#listing;
    if (entry.whereabouts !== 'living') {
      if (runningThreads(stat) > 0) this.#keep(event, stat);
      return;
    }
    readStart(this.#ctx, entry, { ticks: stat.startTicks, stamp: event });
    if (entry.parent === null) entry.ppid = stat.ppid;
    if (runningThreads(stat) > 0) {
      recountThreads(this.#ctx, entry, { stat, monotonicNs: event.monotonicNs });
      if (isGlance(event) && entry.has(ANNOUNCED)) return;
    }
    const { captured } = this.#keep(event, stat);
    // An exec that was lost left one thread; those forked since are in the count.
    if (isAnotherImage(entry.image, captured)) countThreads(this.#ctx, entry, { stat, monotonicNs: event.monotonicNs });
  }

  /** A glance says less than what a listing that was given up saw of the same process. */
  #keep(event: SnapshotEvent, stat: StatFields): Sighting {
    const former = this.#sightings.get(event.tgid);
    if (former !== undefined && isGlance(event) && former.stat.startTicks === stat.startTicks && !isDead(stat)) {
      former.listing = this.#listing;
      return former;
    }
    const sighting = sightingOf(this.#ctx, event, { stat, listing: this.#listing });
    this.#sightings.set(event.tgid, sighting);
    return sighting;
  }

  /** A message is about to be applied to the table. */
  before(event: KernelEvent): void {
    const pid = event.kind === 'FORK' && event.pid === event.tgid ? event.parentTgid : event.tgid;
    const sighting = this.#sightings.get(pid);
    if (sighting === undefined || sighting.isDead || this.#isBeforeStart(event, sighting)) return;
    const entry = this.#adopt(sighting);
    // Its fork is heard before anything else of it, or not at all.
    if (entry !== undefined && !entry.has(ANNOUNCED)) this.#announce(sighting, entry);
    if (event.monotonicNs < sighting.fromNs) return;
    if (event.monotonicNs >= sighting.toNs || event.kind === 'EXIT') this.#settle(sighting);
    else if (event.kind === 'EXEC') this.#sightings.delete(pid);
    else sighting.isStandingValid = false;
  }

  /** The message is about a former holder of the pid. */
  #isBeforeStart({ monotonicNs }: KernelEvent, { stat }: Sighting): boolean {
    return monotonicNs + this.#ctx.bootOffsetNs(monotonicNs) < stat.startTicks * TICK_NS;
  }

  end(scan: ScanEvent): void {
    if (scan.purpose !== 'start') {
      // All are in the table before the first is announced: parents are looked up there.
      for (const sighting of this.#sightings.values()) this.#adopt(sighting);
      for (const sighting of this.#sightings.values()) this.#settle(sighting);
      for (const entry of this.#ctx.table.runs()) if (this.#isMissing(entry, scan)) this.#die(entry, { stamp: scan, status: null });
      this.#lost = this.#lostSince;
    }
    this.#bracket.end(scan);
  }

  /** The entry of what was seen, made where it is new; undefined when the process is dead, or a later one has its pid. */
  #adopt(sighting: Sighting): Entry | undefined {
    const { table } = this.#ctx;
    const holder = table.get(sighting.pid);
    if (holder !== undefined) {
      if (isOf(this.#ctx, sighting.stat, holder)) {
        holder.listed = sighting.listing;
        return holder;
      }
      if (holder.startSource !== START_UNKNOWN && holder.startTicks > sighting.stat.startTicks) return undefined;
      if (holder.whereabouts === 'living') {
        table.counters.pidReused++;
        this.#die(holder, { stamp: sighting, status: null });
      }
    }
    return sighting.isDead ? undefined : this.#insert(sighting);
  }

  #insert(sighting: Sighting): Entry {
    const { pid, stat, captured, monotonicNs } = sighting;
    const entry = strayEntry(this.#ctx, pid, monotonicNs);
    readStart(this.#ctx, entry, { ticks: stat.startTicks, stamp: sighting });
    countThreads(this.#ctx, entry, sighting);
    entry.ppid = stat.ppid;
    entry.listed = sighting.listing;
    this.#ctx.table.insert(entry);
    this.#ctx.table.setImage(entry, imageOf(captured, this.#ctx.execIds.ofFound(entry.id)));
    entry.marks |= OWN_IMAGE;
    applyCaptured(this.#ctx, entry, captured);
    return entry;
  }

  #announce(sighting: Sighting, entry: Entry): void {
    entry.marks |= ANNOUNCED;
    if (sighting.isGlance || !this.#announces) return;
    if (entry.image === null || entry.image.exe === null) this.#fill(sighting, entry);
    if (entry.uid === null) applyCaptured(this.#ctx, entry, sighting.captured);
    this.#publish(recoveredProcess(this.#ctx, entry, sighting));
  }

  /** Everything from before the sighting has been heard: the rest was lost. */
  #settle(sighting: Sighting): void {
    this.#sightings.delete(sighting.pid);
    const entry = this.#adopt(sighting);
    if (entry === undefined) return;
    if (sighting.isDead) {
      if (entry.whereabouts === 'living') this.#die(entry, { stamp: sighting, status: this.#statusOf(sighting) });
      return;
    }
    if (entry.whereabouts === 'exited' && !this.#revive(sighting, entry)) return;
    if (!sighting.isGlance) this.#compare(sighting, entry);
    if (!entry.has(ANNOUNCED)) this.#announce(sighting, entry);
  }

  #statusOf({ exitStatus }: Sighting): number | null {
    return exitStatus === 0 && !this.#machine.seesExitStatus ? null : exitStatus;
  }

  /** What was taken for its end, when nobody knew how many threads it had, was not. */
  #revive(sighting: Sighting, entry: Entry): boolean {
    if (entry.exitNs >= sighting.fromNs) return false;
    this.#ctx.table.revive(entry);
    countThreads(this.#ctx, entry, sighting);
    return true;
  }

  #compare(sighting: Sighting, entry: Entry): void {
    const { captured } = sighting;
    if (isAnotherImage(entry.image, captured)) this.#inherit(captured, entry);
    const isExec = isAnotherImage(entry.image, captured);
    if (isExec) {
      this.#ctx.table.setImage(entry, nextImage(this.#ctx, entry, captured));
      entry.marks |= OWN_IMAGE;
    } else if (entry.image === null || entry.image.exe === null) this.#fill(sighting, entry);
    this.#stand(sighting, { entry, isExec });
    if (isExec && entry.has(ANNOUNCED) && this.#announces) this.#publish(recoveredExec(this.#ctx, entry, sighting));
  }

  /** The exec that was lost may have been its parent's, before the fork. */
  #inherit({ envStart }: Captured, entry: Entry): void {
    const { parent } = entry;
    if (parent === null || entry.has(OWN_IMAGE) || envStart === 0) return;
    const ofParent = parent.whereabouts === 'living' ? this.#sightings.get(parent.pid) : undefined;
    if (ofParent?.captured.envStart === envStart && isOf(this.#ctx, ofParent.stat, parent)) this.#settle(ofParent);
    if (parent.image?.envStart === envStart) this.#ctx.table.setImage(entry, parent.image);
  }

  /** The image was not known, or could not be read at its exec. */
  #fill({ captured }: Sighting, entry: Entry): void {
    if (entry.image !== null && captured.exe === undefined) return;
    this.#ctx.table.setImage(entry, imageOf(captured, entry.image === null ? null : entry.image.execId));
  }

  #stand(sighting: Sighting, { entry, isExec }: { readonly entry: Entry; readonly isExec: boolean }): void {
    const { captured, isStandingValid } = sighting;
    if (!isStandingValid) return;
    const becameRoot = captured.status !== undefined && captured.status.euid === 0 && entry.euid !== null && entry.euid !== 0;
    if (becameRoot && !isExec && entry.has(ANNOUNCED) && this.#announces)
      this.#publish(recoveredRoot(this.#ctx, entry, { sighting, uid: captured.status.uid }));
    applyCaptured(this.#ctx, entry, captured);
  }

  /** Born before the listing began, and not in it. Where /proc hides processes, the kernel is asked. */
  #isMissing(entry: Entry, scan: ScanEvent): boolean {
    if (entry.listed === this.#listing) return false;
    const bornNs = entry.startSource === START_EXACT ? entry.startNs + TICK_NS : entry.startNs;
    return bornNs < scan.beganNs && !this.#machine.isAlive(entry.pid);
  }

  #die(entry: Entry, end: UnseenEnd): void {
    this.#publish(dieUnseen(this.#ctx, entry, end));
  }

  #publish(event: ProcessEvent | null): void {
    if (event === null) return;
    this.#bracket.open();
    this.#ctx.emit({ stream: 'process', event });
  }
}
