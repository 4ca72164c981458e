/**
 * What is used of the engine's answers (Docker Engine API 1.24 and later, podman's compatible API):
 *
 *   GET /containers/json       [{Id, Names: ["/name", …], Image, ImageID, Labels}, …]   those that run
 *   GET /containers/<id>/json  {Id, Name: "/name", Image: image id, Config: {Image, Labels}}
 *   GET /events                {Type: "container", Action, Actor: {ID, Attributes}} one a line
 *
 * Any value may be missing, of another type, or far too long: then it is null, or the label is left out.
 */
import type { ContainerFacts } from './container-facts.ts';
import { isId } from './hex.ts';

export interface ListedContainer {
  readonly id: string;
  readonly facts: ContainerFacts;
}

export interface EngineEvent {
  readonly action: string;
  readonly id: string;
}

/** Generous against the engines' own limits (names 255, references 255 + tag 128, label values unlimited). */
const MAX_TEXT = 512;
const MAX_LABEL_NAME = 256,
  MAX_LABEL_VALUE = 1024,
  MAX_LABELS = 64,
  MAX_LABELS_LENGTH = 8192;

/** Set on their containers by the kubelet's Docker shim and its successor. */
const POD_UID = 'io.kubernetes.pod.uid',
  POD_NAME = 'io.kubernetes.pod.name',
  POD_NAMESPACE = 'io.kubernetes.pod.namespace';

/** null: not a list. Elements that are no containers are left out. */
export function parseList(answer: unknown, withLabels: boolean): ListedContainer[] | null {
  if (!Array.isArray(answer)) return null;
  return answer.flatMap((item: unknown) => {
    const listed = recordOf(item);
    const id = listed['Id'];
    if (typeof id !== 'string' || !isId(id)) return [];
    const names: unknown = listed['Names'];
    return [
      {
        id,
        facts: factsOf(
          { name: firstName(names), image: listed['Image'], imageId: listed['ImageID'], labels: listed['Labels'] },
          withLabels,
        ),
      },
    ];
  });
}

/** null: not the description of a container. */
export function parseInspect(answer: unknown, withLabels: boolean): ContainerFacts | null {
  const { Id: id, Name: name, Image: imageId, Config: config } = recordOf(answer);
  if (typeof id !== 'string') return null;
  const { Image: image, Labels: labels } = recordOf(config);
  return factsOf({ name, image, imageId, labels }, withLabels);
}

/** null: not an event of a container. */
export function parseEvent(line: string): EngineEvent | null {
  const { Type: type, Action: action, Actor: actor } = recordOf(parsed(line));
  const { ID: id } = recordOf(actor);
  if (type !== 'container' || typeof action !== 'string' || typeof id !== 'string' || !isId(id)) return null;
  return { action, id };
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

interface Told {
  readonly name: unknown;
  readonly image: unknown;
  readonly imageId: unknown;
  readonly labels: unknown;
}

function factsOf(told: Told, withLabels: boolean): ContainerFacts {
  const labels = recordOf(told.labels);
  const name = textOf(told.name);
  return {
    name: name === null ? null : name.slice(name.startsWith('/') ? 1 : 0) || null,
    image: referenceOf(told.image),
    imageId: textOf(told.imageId),
    podUid: textOf(labels[POD_UID]),
    podName: textOf(labels[POD_NAME]),
    namespace: textOf(labels[POD_NAMESPACE]),
    labels: withLabels ? boundedLabels(labels) : null,
  };
}

/** A container has several names where others link to it, as /other/alias. */
function firstName(names: unknown): unknown {
  if (!Array.isArray(names)) return null;
  return names.find((name: unknown) => typeof name === 'string' && name.lastIndexOf('/') <= 0) ?? null;
}

/** Where the tag moved on to another image, lists show the id instead of the reference. */
function referenceOf(image: unknown): string | null {
  const text = textOf(image);
  return text === null || text.startsWith('sha256:') ? null : text;
}

function boundedLabels(labels: Readonly<Record<string, unknown>>): Record<string, string> | null {
  const kept: [string, string][] = [];
  let room = MAX_LABELS_LENGTH;
  for (const [name, value] of Object.entries(labels)) {
    if (kept.length === MAX_LABELS) break;
    if (typeof value !== 'string' || name.length > MAX_LABEL_NAME || value.length > MAX_LABEL_VALUE) continue;
    const length = name.length + value.length;
    if (length > room) continue;
    room -= length;
    kept.push([name, value]);
  }
  // fromEntries makes own properties even of __proto__.
  return kept.length === 0 ? null : Object.fromEntries(kept);
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' && value.length <= MAX_TEXT ? value : null;
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}
