import { accessSync, constants } from 'node:fs';
import type { AgentError } from '../../core/errors.ts';
import { engineSocket, type DockerSetting } from './container-engines.ts';
import { connectionTrouble, reasonOf } from './engine-trouble.ts';

/**
 * Why the engine of a setting could not be asked if something were to be asked now; undefined: it could, or nothing is expected to be there.
 * Nothing connects: to be connected to is enough for systemd to start an engine that the administrator has stopped. `access` stands in for the system's.
 */
export function engineLimit(setting: DockerSetting, access: typeof accessSync = accessSync): AgentError | undefined {
  const socketPath = engineSocket(setting);
  if (socketPath === null) return undefined;
  try {
    access(socketPath, constants.R_OK | constants.W_OK);
    return undefined;
  } catch (error) {
    const trouble = connectionTrouble(socketPath, error);
    return setting === 'auto' && reasonOf(trouble) === 'absent' ? undefined : trouble;
  }
}
