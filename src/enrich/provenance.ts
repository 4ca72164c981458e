import type { Provenance, ProvenanceKind } from '../core/event.ts';
import { OWN_CGROUP, OWN_IDS, OWN_IMAGE, START_DERIVED, START_UNKNOWN, type Entry } from './table/entry.ts';

/** What the table's knowledge of a process is worth when nothing new was read. @param delayUs how late the agent heard of the event */
export function tableProvenance(entry: Entry, delayUs: number): Provenance {
  const image = entry.image;
  const ofImage = entry.has(OWN_IMAGE) ? 'CACHED' : 'INHERITED';
  return {
    identity: ofIdentity(entry),
    args: image === null || image.argv === null ? 'MISSING' : ofImage,
    exe: image === null || image.exe === null ? 'MISSING' : ofImage,
    cgroup: known(entry.cgroup, entry.has(OWN_CGROUP)),
    user: known(entry.uid, entry.has(OWN_IDS)),
    parent: entry.parent === null ? 'MISSING' : 'CACHED',
    missing_errno: null,
    enrich_delay_us: delayUs,
  };
}

function ofIdentity(entry: Entry): ProvenanceKind {
  if (entry.startSource === START_UNKNOWN) return 'MISSING';
  return entry.startSource === START_DERIVED ? 'DERIVED' : 'CACHED';
}

function known(value: string | number | null, own: boolean): ProvenanceKind {
  if (value === null) return 'MISSING';
  return own ? 'CACHED' : 'INHERITED';
}
