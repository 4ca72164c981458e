/** The engines that a configuration asks for, as one. */
import type { CgroupContainer } from './cgroup-container.ts';
import { DockerEngine, type DockerOptions } from './docker.ts';
import { isId } from './hex.ts';

/** `auto`, `off`, or the path of a socket. */
export type DockerSetting = string;

/** The same file as /run/docker.sock wherever /var/run is a link, and the one that Docker documents. */
const DEFAULT_SOCKET = '/var/run/docker.sock';

/** The socket to use; null: none. */
export function engineSocket(setting: DockerSetting): string | null {
  if (setting === 'off') return null;
  return setting === 'auto' ? DEFAULT_SOCKET : setting;
}

/** Runtimes whose containers are not in an engine of Docker's kind: asking would cost it an answer for each. */
const ELSEWHERE: ReadonlySet<string> = new Set([
  'containerd',
  'cri-o',
  'lxc',
  'systemd-nspawn',
  'libvirt-lxc',
  'buildkit',
  'garden',
  'runc',
  'crun',
]);

export class ContainerEngines {
  readonly engine: DockerEngine | null;
  readonly #wantsPodman: boolean;

  /** `socketPath` from `engineSocket`; `auto` stands for Docker alone, as a connection to podman's socket keeps a podman running for it. */
  constructor(setting: DockerSetting, options: Omit<DockerOptions, 'socketPath'>) {
    const socketPath = engineSocket(setting);
    this.engine = socketPath === null ? null : new DockerEngine({ ...options, socketPath });
    this.#wantsPodman = setting !== 'auto';
  }

  open(): void {
    this.engine?.open();
  }

  /** For `ContainerCatalogue`: asks where the container can be. Returns at once. */
  ask({ id, runtime }: CgroupContainer): void {
    if (this.engine === null || !isId(id)) return;
    if (runtime !== null && (ELSEWHERE.has(runtime) || (runtime === 'podman' && !this.#wantsPodman))) return;
    this.engine.want(id);
  }

  async close(): Promise<void> {
    await this.engine?.close();
  }
}
