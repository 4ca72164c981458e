/**
 * The containers of this machine as events show them: who they are from the cgroup, at once, and what an engine knows of them as soon as it has
 * said so. Records are shared between events and never changed: what is learnt makes new ones.
 */
import type { Container } from '../../core/event.ts';
import { CgroupContainers, type CgroupContainer } from './cgroup-container.ts';
import type { ContainerFacts } from './container-facts.ts';
import { RecentMap } from '../recent-map.ts';

/** A container's records of the moment. */
export interface CataloguedContainer {
  /** For EXEC and SNAPSHOT. */
  readonly full: Container;
  /** For all other kinds: without what can be joined by the id. */
  readonly brief: Container;
}

export interface CatalogueOptions {
  /** Called when a container appears in an event for the first time and nothing is known of it yet. Must not answer within the call. */
  readonly ask?: (container: CgroupContainer) => void;
  /** Containers kept, known and unknown. */
  readonly max?: number;
}

class Card implements CataloguedContainer {
  cgroup: CgroupContainer | null = null;
  facts: ContainerFacts | null = null;
  full: Container;
  brief: Container;

  constructor(id: string) {
    this.full = fullRecord(id, null, null);
    this.brief = briefRecord(this.full);
  }
}

/**
 * About 1 KiB each, 10 KiB where labels are at their bounds. Removed containers leave when enough others came: what happened in them may be heard
 * after the engine has said that they are gone.
 */
const MAX_CONTAINERS = 2048;

export class ContainerCatalogue {
  readonly #cgroups = new CgroupContainers();
  readonly #cards: RecentMap<string, Card>;
  readonly #ask: (container: CgroupContainer) => void;

  constructor({ ask = () => undefined, max = MAX_CONTAINERS }: CatalogueOptions = {}) {
    this.#ask = ask;
    this.#cards = new RecentMap(max);
  }

  get size(): number {
    return this.#cards.size;
  }

  /** The container of a cgroup path; null: none, or the cgroup is not known. */
  of(cgroup: string | null): CataloguedContainer | null {
    if (cgroup === null) return null;
    const container = this.#cgroups.of(cgroup);
    if (container === null) return null;
    const card = this.#cards.get(container.id);
    // Names of LXC and nspawn may meet; sub-cgroups of one container have objects of their own.
    return card !== undefined && card.cgroup !== null && card.cgroup.runtime === container.runtime ? card : this.#meet(container, card);
  }

  /** Who that is, for those who only want to tell containers apart; no question to anybody. */
  idOf(cgroup: string | null): string | null {
    return cgroup === null ? null : (this.#cgroups.of(cgroup)?.id ?? null);
  }

  /** What an engine says of a container. true: events have named that container before, and this is news of it. */
  learn(id: string, facts: ContainerFacts): boolean {
    const card = this.#cards.get(id) ?? new Card(id);
    card.facts = facts;
    const isNews = this.#write(id, card) && card.cgroup !== null;
    this.#cards.set(id, card);
    return isNews;
  }

  #meet(container: CgroupContainer, known: Card | undefined): Card {
    const card = known ?? new Card(container.id);
    card.cgroup = container;
    this.#write(container.id, card);
    this.#cards.set(container.id, card);
    if (card.facts === null) this.#ask(container);
    return card;
  }

  /** Whether anything is different. */
  #write(id: string, card: Card): boolean {
    const full = fullRecord(id, card.cgroup, card.facts);
    if (isSame(full, card.full)) return false;
    card.full = full;
    card.brief = briefRecord(full);
    return true;
  }
}

/** What the path says of the pod wins: the kubelet wrote it, labels are anybody's. */
function fullRecord(id: string, cgroup: CgroupContainer | null, facts: ContainerFacts | null): Container {
  return {
    id,
    runtime: cgroup === null ? null : cgroup.runtime,
    name: facts?.name ?? cgroup?.name ?? null,
    image: facts?.image ?? null,
    image_id: facts?.imageId ?? null,
    pod_uid: cgroup?.podUid ?? facts?.podUid ?? null,
    pod_name: facts?.podName ?? null,
    namespace: facts?.namespace ?? null,
    labels: facts?.labels ?? null,
  };
}

function briefRecord({ id, runtime, name }: Container): Container {
  return { id, runtime, name, image: null, image_id: null, pod_uid: null, pod_name: null, namespace: null, labels: null };
}

function isSame(one: Container, other: Container): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
