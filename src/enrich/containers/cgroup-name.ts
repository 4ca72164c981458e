/**
 * Which cgroup names mean a container, by runtime. `<id>` is 64 lower-case hexadecimal digits; versions are those whose layout this is.
 *
 *   docker        /docker/<id>                          cgroupfs driver, v1 and v2 (Docker 1.10–29); --cgroup-parent puts another name before the id
 *                 docker-<id>.scope                     systemd driver, in system.slice, a user's slice (rootless), a pod's slice (cri-dockerd)
 *   buildkit      /docker/buildkit/<25 of 0-9a-z>       a build step (Docker 18.09 and later), cgroupfs
 *                 docker-<25 of 0-9a-z>.scope           the same, systemd driver (Docker 23 and later)
 *   containerd    cri-containerd-<id>.scope             CRI, systemd driver (containerd 1.2–2)
 *                 <slice>:cri-containerd:<id>           systemd paths, but runc without SystemdCgroup
 *                 nerdctl-<id>.scope, /default/<id>     nerdctl 0.x–2
 *   Kubernetes    /kubepods[/<qos>]/pod<uid>/<id>       cgroupfs driver, dockershim as well as containerd: the runtime stays unknown
 *   cri-o         crio-<id>.scope[/container]           systemd driver (1.x); crio-<id> with cgroupfs. crio-conmon-<id> is the monitor, no container
 *   podman        libpod-<id>.scope[/container]         1–5; in machine.slice, in a user's slice (rootless); libpod-<id> with cgroupfs
 *                 libpod-payload-<id>                   --cgroups=split (2.1 and later: Quadlet). libpod-conmon-<id> and runtime/ hold the monitor
 *                 /libpod_parent/<id>                   a pod with cgroupfs: no container itself
 *   runc, crun    runc-<name>.scope, crun-<name>.scope  without an engine, systemd: the id is any name
 *   ECS           /ecs/[<cluster>/]<task>/<id>          agent 1.x, on EC2; there the runtime is docker
 *                 /ecs/<task>/<32 hex>-<digits>         Fargate 1.4, the one id that is shorter
 *   Garden        /garden/[good/|bad/]<handle>          Cloud Foundry; 8-4-4-4-4 hex for an instance of an application, a UUID for a task
 *   LXC, LXD      lxc.payload.<name>                    LXC 4 and later, Incus too; lxc.payload/<name>: 4.0 on v1; lxc/<name>: 1–3 and Proxmox VE.
 *                 lxc.monitor.<name>                    is the monitor, no container
 *   nspawn        systemd-nspawn@<name>.service/payload, machine-<name>.scope/payload; supervisor/ beside it is systemd-nspawn itself
 *   libvirt       machine-lxc\x2d<n>\x2d<name>.scope    a container; machine-qemu\x2d<n>\x2d<name>.scope a virtual machine, hence none
 *   others        <any>-<id>[.scope], and a bare <id> in any other folder: nobody else is known to name cgroups so, and custom parents are common
 *                 (/actions_job/<id>). The runtime stays unknown. Ids of another length are never guessed: /x/<32 hex> is an ordinary folder.
 */
import { ID_LENGTH, isHex, isHexGroups, isId } from './hex.ts';
import { machineOfScope, machineOfService } from './machine-name.ts';
import type { NamedContainer } from './named-container.ts';

/** What stands before `-<id>` or, between colons, before `:<id>`. */
const BY_PREFIX: ReadonlyMap<string, string> = new Map([
  ['docker', 'docker'],
  ['cri-containerd', 'containerd'],
  ['nerdctl', 'containerd'],
  ['crio', 'cri-o'],
  ['libpod', 'podman'],
  ['libpod-payload', 'podman'],
  ['runc', 'runc'],
  ['crun', 'crun'],
]);
const BY_PARENT: ReadonlyMap<string, string> = new Map([
  ['docker', 'docker'],
  ['default', 'containerd'],
  ['lxc', 'lxc'],
]);
/** A pod that podman made with cgroupfs; the hypervisor of a sandbox, which runs beside it. */
const NO_CONTAINER_BELOW: ReadonlySet<string> = new Set(['libpod_parent', 'kata_overhead']);
/** github.com/moby/buildkit identity.NewID: 17 random bytes in base 36. */
const BUILD_STEP_LENGTH = 25;

const SCOPE = '.scope';
const LXC_PAYLOAD = 'lxc.payload.';

/** The container that `segments[at]` alone stands for, in its surroundings; null: none. */
export function containerInName(segments: readonly string[], at: number): NamedContainer | null {
  const name = segments[at] as string;
  if (name.endsWith(SCOPE)) return inScope(name.slice(0, -SCOPE.length), segments[at + 1]);
  if (name.endsWith('.service')) return machineOfService(name, segments[at + 1]);
  if (name.startsWith(LXC_PAYLOAD)) return named(name.slice(LXC_PAYLOAD.length), 'lxc');
  if (name.includes(':')) return afterColons(name);
  return prefixed(name) ?? inFolder(segments, at);
}

function inScope(unit: string, child: string | undefined): NamedContainer | null {
  return prefixed(unit) ?? machineOfScope(unit, child) ?? afterTool(unit, 'runc') ?? afterTool(unit, 'crun') ?? buildStepIn(unit);
}

/** `<prefix>-<id>` */
function prefixed(unit: string): NamedContainer | null {
  const dash = unit.length - ID_LENGTH - 1;
  if (dash < 1 || unit[dash] !== '-' || !isHex(unit, dash + 1)) return null;
  const prefix = unit.slice(0, dash);
  if (prefix.endsWith('conmon')) return null;
  return { id: unit.slice(dash + 1), runtime: BY_PREFIX.get(prefix) ?? null, name: null };
}

/** `<slice>:<prefix>:<id>` */
function afterColons(name: string): NamedContainer | null {
  const colon = name.lastIndexOf(':');
  const id = name.slice(colon + 1);
  if (!isId(id)) return null;
  const prefix = name.slice(name.lastIndexOf(':', colon - 1) + 1, colon);
  return { id, runtime: BY_PREFIX.get(prefix) ?? null, name: null };
}

function afterTool(unit: string, tool: string): NamedContainer | null {
  const id = unit.slice(tool.length + 1);
  return id !== '' && unit.startsWith(`${tool}-`) ? { id, runtime: tool, name: null } : null;
}

function buildStepIn(unit: string): NamedContainer | null {
  const id = unit.startsWith('docker-') ? unit.slice('docker-'.length) : '';
  return isBuildStep(id) ? { id, runtime: 'buildkit', name: null } : null;
}

function isBuildStep(text: string): boolean {
  if (text.length !== BUILD_STEP_LENGTH) return false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at] as string;
    if (!isDigit(character) && !(character >= 'a' && character <= 'z')) return false;
  }
  return true;
}

function inFolder(segments: readonly string[], at: number): NamedContainer | null {
  const name = segments[at] as string;
  const parent = segments[at - 1] ?? '';
  if (name === '' || NO_CONTAINER_BELOW.has(parent)) return null;
  if (isId(name)) return { id: name, runtime: isBelow(segments, at, 'ecs') ? 'docker' : (BY_PARENT.get(parent) ?? null), name: null };
  if (parent === 'lxc' || parent === 'lxc.payload') return named(name, 'lxc');
  if (parent === 'buildkit' && isBuildStep(name)) return { id: name, runtime: 'buildkit', name: null };
  if (isFargate(name) && isBelow(segments, at, 'ecs')) return { id: name, runtime: 'containerd', name: null };
  if (isHandle(name) && isBelow(segments, at, 'garden')) return { id: name, runtime: 'garden', name: null };
  return null;
}

function named(name: string, runtime: string): NamedContainer | null {
  return name === '' ? null : { id: name, runtime, name };
}

function isBelow(segments: readonly string[], at: number, folder: string): boolean {
  const above = segments.lastIndexOf(folder, at - 1);
  return at > 0 && above >= 0;
}

function isFargate(name: string): boolean {
  const dash = 32;
  return name[dash] === '-' && isHex(name, 0, dash) && isDigits(name.slice(dash + 1));
}

function isDigits(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (!isDigit(text[at] as string)) return false;
  return text !== '';
}

function isDigit(character: string): boolean {
  return character >= '0' && character <= '9';
}

function isHandle(name: string): boolean {
  return isHexGroups(name, [8, 4, 4, 4, 4]) || isHexGroups(name, [8, 4, 4, 4, 12]);
}
