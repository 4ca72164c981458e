import type { Config } from '../config/config.ts';
import { ContainerCatalogue } from '../enrich/containers/container-catalogue.ts';
import { ContainerEngines } from '../enrich/containers/container-engines.ts';
import { engineLimit } from '../enrich/containers/engine-limit.ts';
import { reasonOf } from '../enrich/containers/engine-trouble.ts';
import type { EngineState } from '../enrich/containers/trouble-book.ts';
import type { Logger } from '../telemetry/log.ts';

type Settings = Config['enrich']['containers'];

export interface RunContainersDeps {
  readonly log: Logger;
  readonly isLive: boolean;
  /** It is known who a container is of which events have spoken. */
  readonly onNews: (id: string) => void;
}

/** The containers of one run. Only those of this machine, now, are asked for by name: an engine knows nothing of a recorded host. */
export class RunContainers {
  readonly catalogue: ContainerCatalogue;
  readonly #engines: ContainerEngines | undefined;
  readonly #settings: Settings;

  constructor(settings: Settings, { log, isLive, onNews }: RunContainersDeps) {
    this.#settings = settings;
    if (!isLive) {
      this.catalogue = new ContainerCatalogue();
      return;
    }
    const engines: ContainerEngines = new ContainerEngines(settings.docker, {
      labels: settings.labels,
      onKnown: (id, facts) => {
        if (this.catalogue.learn(id, facts)) onNews(id);
      },
      onState: engineLog(log, settings.docker),
    });
    this.#engines = engines;
    this.catalogue = new ContainerCatalogue({ ask: (container) => engines.ask(container) });
  }

  /** For START. */
  get limit(): string | undefined {
    return this.#engines === undefined ? undefined : engineLimit(this.#settings.docker)?.message;
  }

  /** Returns at once; connects when a container is seen. */
  open(): void {
    this.#engines?.open();
  }

  async close(): Promise<void> {
    await this.#engines?.close();
  }
}

function engineLog(log: Logger, setting: string): (state: EngineState) => void {
  return (engine) => {
    if (engine.state === 'connected') return log.info('the container engine answers: containers have names');
    const { code, message, fix } = engine.error;
    const reason = reasonOf(engine.error);
    // Containers of another engine look like Docker's now and then.
    const isExpected = setting === 'auto' && reason === 'absent';
    const context = { code, reason, ...(fix === undefined ? {} : { fix }) };
    if (isExpected) log.info(context, `${message}; containers are known by their id`);
    else log.warn(context, `${message}; containers are known by their id`);
  };
}
