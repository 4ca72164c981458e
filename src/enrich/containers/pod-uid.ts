/**
 * The pod in the name of a cgroup that the kubelet made (Kubernetes 1.6 and later), with either driver and below any cgroup root:
 *
 *   cgroupfs   pod<uid>
 *   systemd    [<root>-]kubepods[-burstable|-besteffort]-pod<uid with _ for ->.slice
 *   either     the latter as `<slice>:<prefix>:<id>`: a runtime that was given the systemd form and told to use cgroupfs
 *
 * The uid is a UUID, or 32 digits for static pods that the kubelet read from a file (a hash of it).
 */
import { isHex, isHexGroups } from './hex.ts';

const UUID = [8, 4, 4, 4, 12];
const STATIC_LENGTH = 32;
const IN_SLICE = '-pod';

/** null: not the name of a pod's cgroup. */
export function podUidOf(name: string): string | null {
  if (name.startsWith('pod')) return uidOf(name.slice('pod'.length));
  const end = name.indexOf('.slice');
  if (end < 0 || !name.includes('kubepods')) return null;
  const at = name.lastIndexOf(IN_SLICE, end);
  return at < 0 ? null : uidOf(name.slice(at + IN_SLICE.length, end).replaceAll('_', '-'));
}

function uidOf(text: string): string | null {
  const isUid = (text.length === STATIC_LENGTH && isHex(text)) || isHexGroups(text, UUID);
  return isUid ? text : null;
}
