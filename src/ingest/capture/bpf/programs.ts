import { readFileSync } from 'node:fs';
import type { BpfLibrary, BpfObject, BpfRefusal } from '../../native/bpf.ts';
import { ARGS_HEAD_BYTES, ARGS_TAIL_BYTES, CONSTANTS_BYTES } from './layout.ts';

/** What a program is for; without `exec` there is no exec cache, all else can be missing. */
export const PROGRAMS = {
  exec: ['on_exec'],
  fork: ['on_fork'],
  exit: ['on_exit', 'on_switch'],
  cgroups: ['on_cgroup_mkdir', 'on_cgroup_release', 'on_cgroup_rename', 'on_cgroup_attach_task'],
} as const;
export type Feature = keyof typeof PROGRAMS;

export interface LoadRequest {
  readonly maxArgsBytes: number;
  readonly processesBytes: number;
  readonly cgroupsBytes: number;
  readonly features: readonly Feature[];
}

/** A feature that this kernel does not give. */
export interface Missing {
  readonly feature: Feature;
  readonly refusal: BpfRefusal;
}

export interface LoadedPrograms {
  readonly object: BpfObject;
  readonly features: readonly Feature[];
  readonly missing: readonly Missing[];
}

/** Loads what was asked for, or what of it this kernel takes; the refusal when it does not even take `exec`. Nothing is attached yet. */
export function loadPrograms(library: BpfLibrary, request: LoadRequest): LoadedPrograms | BpfRefusal {
  const object = readFileSync(new URL('capture.bpf.o', import.meta.url));
  const attempt = (features: readonly Feature[]): BpfObject | BpfRefusal => library.load(object, settingsOf(request, features));
  const all = attempt(request.features);
  if (!('refused' in all)) return { object: all, features: request.features, missing: [] };
  const missing: Missing[] = [];
  for (const feature of request.features) {
    const alone = attempt([feature]);
    if (!('refused' in alone)) alone.close();
    else if (feature === 'exec') return alone;
    else missing.push({ feature, refusal: alone });
  }
  const features = request.features.filter((feature) => !missing.some((one) => one.feature === feature));
  const rest = attempt(features);
  return 'refused' in rest ? rest : { object: rest, features, missing };
}

function settingsOf({ maxArgsBytes, processesBytes, cgroupsBytes }: LoadRequest, features: readonly Feature[]) {
  return {
    entries: { processes: processesBytes, cgroups: cgroupsBytes },
    constants: constantsOf(maxArgsBytes),
    programs: features.flatMap((feature) => [...PROGRAMS[feature]]),
  };
}

/** A command line up to the limit is kept whole where it fits; of a longer one three quarters of that are its begin, and a quarter its end. */
export function constantsOf(maxArgsBytes: number): Buffer {
  const constants = Buffer.alloc(CONSTANTS_BYTES);
  const whole = Math.min(maxArgsBytes, ARGS_HEAD_BYTES + ARGS_TAIL_BYTES);
  const tail = Math.floor(whole / 4);
  constants.writeUInt32LE(whole, 4);
  constants.writeUInt32LE(whole - tail, 8);
  constants.writeUInt32LE(tail, 12);
  return constants;
}
