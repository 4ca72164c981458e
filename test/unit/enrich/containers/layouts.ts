/**
 * cgroup paths as each runtime lays them out, with the versions that do. Written from the runtimes' documentation and sources; ids are made up.
 * `pod` is the uid that Kubernetes prints, `id` what the path must give.
 */
export interface Layout {
  readonly what: string;
  readonly path: string;
  readonly id: string;
  readonly runtime: string | null;
  readonly name?: string;
  readonly pod?: string;
}

export const ID = '3f1c9a4be07d5826f1e2d3c4b5a697887766554433221100ffeeddccbbaa9988';
export const OUTER = 'a0b1c2d3e4f5061728394a5b6c7d8e9fa0b1c2d3e4f5061728394a5b6c7d8e9f';
const STEP = 'ykp6r6u8fyzx0b6ut6ihbmfe4';
const POD = '5a0c3c1e-8f4b-4d6e-9a57-0d6c1b2e3f40';
const POD_ = POD.replaceAll('-', '_');
const STATIC_POD = 'd4ac2d7b1f0c4c3e9a8b7c6d5e4f3a2b';
const USER = '/user.slice/user-1000.slice/user@1000.service';
const TASK = '0b69d5c0d6554f9aa2d7fc0ce8b53b3a';

const DOCKER: readonly Layout[] = [
  { what: 'Docker 1.10–29, cgroupfs, v1 and v2', path: `/docker/${ID}`, id: ID, runtime: 'docker' },
  { what: 'Docker 20.10–29, systemd', path: `/system.slice/docker-${ID}.scope`, id: ID, runtime: 'docker' },
  { what: 'Docker 20.10–29, rootless, systemd', path: `${USER}/user.slice/docker-${ID}.scope`, id: ID, runtime: 'docker' },
  { what: 'Docker, --cgroup-parent, systemd', path: `/batch.slice/batch-nightly.slice/docker-${ID}.scope`, id: ID, runtime: 'docker' },
  { what: 'Docker, --cgroup-parent, cgroupfs (CI runners)', path: `/actions_job/${ID}`, id: ID, runtime: null },
  { what: 'systemd as init in Docker', path: `/docker/${ID}/system.slice/nginx.service`, id: ID, runtime: 'docker' },
  { what: 'seen from another cgroup namespace', path: `/../../docker/${ID}`, id: ID, runtime: 'docker' },
  { what: 'buildkit in Docker 18.09–29, cgroupfs', path: `/docker/buildkit/${STEP}`, id: STEP, runtime: 'buildkit' },
  { what: 'buildkit in Docker 23–29, systemd', path: `/system.slice/docker-${STEP}.scope`, id: STEP, runtime: 'buildkit' },
  { what: 'buildkitd in a container (buildx 0.10)', path: `/docker/${OUTER}/buildkit/${STEP}`, id: STEP, runtime: 'buildkit' },
  { what: 'Docker in Docker, cgroupfs', path: `/docker/${OUTER}/docker/${ID}`, id: ID, runtime: 'docker' },
  { what: 'the daemon in Docker in Docker', path: `/docker/${OUTER}/init`, id: OUTER, runtime: 'docker' },
  {
    what: 'Docker in Docker, systemd outside',
    path: `/system.slice/docker-${OUTER}.scope/docker/${ID}`,
    id: ID,
    runtime: 'docker',
  },
];

const KUBERNETES: readonly Layout[] = [
  { what: 'Kubernetes 1.6–1.34, cgroupfs, burstable', path: `/kubepods/burstable/pod${POD}/${ID}`, id: ID, runtime: null, pod: POD },
  { what: 'Kubernetes, cgroupfs, guaranteed', path: `/kubepods/pod${POD}/${ID}`, id: ID, runtime: null, pod: POD },
  { what: 'a static pod', path: `/kubepods/besteffort/pod${STATIC_POD}/${ID}`, id: ID, runtime: null, pod: STATIC_POD },
  {
    what: 'containerd 1.2–2, systemd, burstable',
    path: `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${POD_}.slice/cri-containerd-${ID}.scope`,
    id: ID,
    runtime: 'containerd',
    pod: POD,
  },
  {
    what: 'containerd, systemd, guaranteed',
    path: `/kubepods.slice/kubepods-pod${POD_}.slice/cri-containerd-${ID}.scope`,
    id: ID,
    runtime: 'containerd',
    pod: POD,
  },
  {
    what: 'a static pod, systemd',
    path: `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${STATIC_POD}.slice/cri-containerd-${ID}.scope`,
    id: ID,
    runtime: 'containerd',
    pod: STATIC_POD,
  },
  {
    what: 'containerd with systemd paths, runc without SystemdCgroup',
    path: `/kubepods-besteffort-pod${POD_}.slice:cri-containerd:${ID}`,
    id: ID,
    runtime: 'containerd',
    pod: POD,
  },
  {
    what: 'the same, below the service',
    path: `/system.slice/containerd.service/kubepods-burstable-pod${POD_}.slice:cri-containerd:${ID}`,
    id: ID,
    runtime: 'containerd',
    pod: POD,
  },
  {
    what: 'cri-dockerd, systemd',
    path: `/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod${POD_}.slice/docker-${ID}.scope`,
    id: ID,
    runtime: 'docker',
    pod: POD,
  },
  {
    what: 'CRI-O 1.x, systemd',
    path: `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${POD_}.slice/crio-${ID}.scope`,
    id: ID,
    runtime: 'cri-o',
    pod: POD,
  },
  {
    what: 'CRI-O 1.24 and later with crun',
    path: `/kubepods.slice/kubepods-pod${POD_}.slice/crio-${ID}.scope/container`,
    id: ID,
    runtime: 'cri-o',
    pod: POD,
  },
  { what: 'CRI-O, cgroupfs', path: `/kubepods/burstable/pod${POD}/crio-${ID}`, id: ID, runtime: 'cri-o', pod: POD },
  {
    what: 'kind 0.8, cgroupfs',
    path: `/docker/${OUTER}/kubelet/kubepods/burstable/pod${POD}/${ID}`,
    id: ID,
    runtime: null,
    pod: POD,
  },
  {
    what: 'kind 0.13 and later, systemd',
    path: `/system.slice/docker-${OUTER}.scope/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-burstable.slice/kubelet-kubepods-burstable-pod${POD_}.slice/cri-containerd-${ID}.scope`,
    id: ID,
    runtime: 'containerd',
    pod: POD,
  },
  {
    what: 'the kubelet of a node of kind',
    path: `/system.slice/docker-${OUTER}.scope/kubelet.slice/kubelet.service`,
    id: OUTER,
    runtime: 'docker',
  },
  {
    what: 'beside the containers of a pod in a node of kind',
    path: `/docker/${OUTER}/kubepods/burstable/pod${POD}`,
    id: OUTER,
    runtime: 'docker',
  },
  {
    what: 'Docker in a pod',
    path: `/kubepods/besteffort/pod${POD}/${OUTER}/docker/${ID}`,
    id: ID,
    runtime: 'docker',
    pod: POD,
  },
];

const PODMAN: readonly Layout[] = [
  { what: 'podman 1–5 with runc', path: `/machine.slice/libpod-${ID}.scope`, id: ID, runtime: 'podman' },
  { what: 'podman 2–5 with crun', path: `/machine.slice/libpod-${ID}.scope/container`, id: ID, runtime: 'podman' },
  { what: 'podman, rootless', path: `${USER}/user.slice/libpod-${ID}.scope/container`, id: ID, runtime: 'podman' },
  {
    what: 'podman, in a pod',
    path: `/machine.slice/machine-libpod_pod_${OUTER}.slice/libpod-${ID}.scope/container`,
    id: ID,
    runtime: 'podman',
  },
  { what: 'podman, cgroupfs', path: `/libpod_parent/libpod-${ID}`, id: ID, runtime: 'podman' },
  { what: 'podman, cgroupfs, in a pod', path: `/libpod_parent/${OUTER}/libpod-${ID}`, id: ID, runtime: 'podman' },
  { what: 'podman 4.4 and later, Quadlet', path: `/system.slice/web.service/libpod-payload-${ID}`, id: ID, runtime: 'podman' },
  { what: 'Quadlet, rootless', path: `${USER}/app.slice/web.service/libpod-payload-${ID}/container`, id: ID, runtime: 'podman' },
];

const OTHERS: readonly Layout[] = [
  { what: 'nerdctl 0.x–2, systemd', path: `/system.slice/nerdctl-${ID}.scope`, id: ID, runtime: 'containerd' },
  { what: 'nerdctl, cgroupfs', path: `/default/${ID}`, id: ID, runtime: 'containerd' },
  { what: 'runc 1.x alone, systemd', path: '/system.slice/runc-web-1.scope', id: 'web-1', runtime: 'runc' },
  { what: 'crun 1.x alone, systemd', path: '/user.slice/crun-ubuntu.scope/container', id: 'ubuntu', runtime: 'crun' },
  { what: 'another engine, systemd', path: `/system.slice/isulad-${ID}.scope`, id: ID, runtime: null },
  { what: 'ECS agent 1.x on EC2', path: `/ecs/${TASK}/${ID}`, id: ID, runtime: 'docker' },
  { what: 'ECS agent 1.x, cluster named', path: `/ecs/prod/${TASK}/${ID}`, id: ID, runtime: 'docker' },
  { what: 'ECS on Amazon Linux 2023', path: `/ecstasks.slice/ecstasks-${TASK}.slice/docker-${ID}.scope`, id: ID, runtime: 'docker' },
  { what: 'ECS on Fargate 1.4', path: `/ecs/${TASK}/${TASK}-4015103728`, id: `${TASK}-4015103728`, runtime: 'containerd' },
  {
    what: 'Garden, an application',
    path: '/system.slice/garden.service/garden/6f265890-5165-7fab-6b52-18d1',
    id: '6f265890-5165-7fab-6b52-18d1',
    runtime: 'garden',
  },
  { what: 'Garden, a task, CPU entitlement', path: `/garden/good/${POD}`, id: POD, runtime: 'garden' },
  { what: 'LXC 4–6, LXD, Incus', path: '/lxc.payload.web', id: 'web', runtime: 'lxc', name: 'web' },
  { what: 'Incus, project lab', path: '/lxc.payload.lab_db-1/init.scope', id: 'lab_db-1', runtime: 'lxc', name: 'lab_db-1' },
  { what: 'LXC 4.0, v1', path: '/lxc.payload/web', id: 'web', runtime: 'lxc', name: 'web' },
  { what: 'Proxmox VE 7–9', path: '/lxc/101/ns/system.slice/ssh.service', id: '101', runtime: 'lxc', name: '101' },
  { what: 'LXC, unprivileged', path: `${USER}/lxc.payload.dev/system.slice`, id: 'dev', runtime: 'lxc', name: 'dev' },
  { what: 'LXC in LXC', path: '/lxc/a/lxc/b', id: 'b', runtime: 'lxc', name: 'b' },
  { what: 'Docker in LXC', path: `/lxc.payload.web/system.slice/docker-${ID}.scope`, id: ID, runtime: 'docker' },
  {
    what: 'nspawn as a service (systemd 226 and later)',
    path: '/machine.slice/systemd-nspawn@lab-1.service/payload/init.scope',
    id: 'lab-1',
    runtime: 'systemd-nspawn',
    name: 'lab-1',
  },
  {
    what: 'nspawn by hand',
    path: '/machine.slice/machine-lab\\x2d1.scope/payload/system.slice/cron.service',
    id: 'lab-1',
    runtime: 'systemd-nspawn',
    name: 'lab-1',
  },
  { what: 'nspawn on v1', path: '/machine.slice/machine-lab.scope', id: 'lab', runtime: 'systemd-nspawn', name: 'lab' },
  {
    what: 'libvirt-lxc',
    path: '/machine.slice/machine-lxc\\x2d41\\x2dold\\x2dapp.scope',
    id: 'old-app',
    runtime: 'libvirt-lxc',
    name: 'old-app',
  },
];

export const LAYOUTS: readonly Layout[] = [...DOCKER, ...KUBERNETES, ...PODMAN, ...OTHERS];

/** In no container, although it looks like it. */
export const NO_CONTAINER: readonly (readonly [what: string, path: string])[] = [
  ['the root', '/'],
  ['nothing', ''],
  ['a user', '/user.slice/user-1000.slice/session-3.scope'],
  ['the engine', '/system.slice/docker.service'],
  ['the folder of the engine', '/docker'],
  ['buildkit itself', '/docker/buildkit'],
  ['a pod outside of its containers', `/kubepods/burstable/pod${POD}`],
  ['the slice of a pod', `/kubepods.slice/kubepods-pod${POD_}.slice`],
  ['conmon of CRI-O', `/kubepods.slice/kubepods-pod${POD_}.slice/crio-conmon-${ID}.scope`],
  ['conmon of CRI-O, cgroupfs', `/kubepods/pod${POD}/crio-conmon-${ID}`],
  ['conmon of podman', `/machine.slice/libpod-conmon-${ID}.scope`],
  ['conmon of podman, rootless', `${USER}/user.slice/libpod-conmon-${ID}.scope`],
  ['conmon of Quadlet', '/system.slice/web.service/runtime'],
  ['conmon of a pod of podman, cgroupfs', `/libpod_parent/${ID}/conmon`],
  ['a health check that podman runs beside the container', `/system.slice/${ID}-4f1e2d3c4b5a6978.service`],
  ['a mount', `/system.slice/var-lib-docker-overlay2-${ID}-merged.mount`],
  ['the hypervisor of a sandbox', `/kata_overhead/${ID}`],
  ['the monitor of LXC', '/lxc.monitor.web'],
  ['the monitor of LXC 4.0', '/lxc.monitor/web'],
  ['nspawn itself, by hand', '/machine.slice/machine-lab.scope/supervisor'],
  ['nspawn itself', '/machine.slice/systemd-nspawn@lab.service/supervisor'],
  ['a virtual machine', '/machine.slice/machine-qemu\\x2d2\\x2dfedora.scope/libvirt/emulator'],
  ['32 digits in an ordinary folder', '/process_api/6a53fb9b30609c3882b25f9ffc7798f4'],
  ['12 digits', `/docker/${ID.slice(0, 12)}`],
  ['65 digits', `/docker/${ID}0`],
  ['upper case', `/docker/${ID.toUpperCase()}`],
  ['a unit with a short id', '/system.slice/docker-3f1c9a4be07d.scope'],
  ['the shape of Fargate outside of ecs', `/x/${TASK}-4015103728`],
  ['a handle outside of garden', '/x/6f265890-5165-7fab-6b52-18d1'],
  ['a name that every object inherits', '/constructor-/__proto__.scope/toString'],
];
