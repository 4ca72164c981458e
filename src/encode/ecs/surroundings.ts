import type { Container, Host } from '../../core/event.ts';
import { uuidText } from '../../core/uuid.ts';
import { escaped, quote } from '../siem/json-string.ts';
import { labelsOf } from './labels.ts';

/** `,"host":{…}`, and the configured labels: `labels` is where ECS puts what a user adds. */
export function hostText({ host_id: id, boot_id: boot, hostname, labels }: Host): string {
  const name = quote(hostname);
  const text = `,"host":{"id":"${uuidText(id)}","name":${name},"hostname":${name},"boot":{"id":"${uuidText(boot)}"},"os":{"type":"linux"}}`;
  if (labels === null) return text;
  const { members } = labelsOf(labels);
  return members === '' ? text : `${text},"labels":{${members}}`;
}

/** Members of `forkcast`. */
export function hostDetail({ labels }: Host): string {
  if (labels === null) return '';
  const { exact } = labelsOf(labels);
  return exact === '' ? '' : `,"labels":[${exact}]`;
}

const DIGEST = /^[\w+.-]+:[0-9a-f]+$/;
/** A tag stands after the last slash, and never together with a digest. */
const TAGGED = /^([^@]+):(\w[\w.-]{0,127})$/;

/** `,"container":{…}`, and for a pod `,"orchestrator":{…}`. */
export function containerText(container: Container): string {
  const { id, runtime, name, image, image_id: imageId, labels } = container;
  let text = `,"container":{"id":"${escaped(id)}"`;
  if (name !== null) text += `,"name":"${escaped(name)}"`;
  if (runtime !== null) text += `,"runtime":"${escaped(runtime)}"`;
  const parts: string[] = [];
  if (image !== null) parts.push(imageText(image));
  if (imageId !== null && DIGEST.test(imageId)) parts.push(`"hash":{"all":["${escaped(imageId)}"]}`);
  if (parts.length > 0) text += `,"image":{${parts.join(',')}}`;
  const { members } = labelsOf(labels ?? {});
  if (members !== '') text += `,"labels":{${members}}`;
  return `${text}}${podText(container)}`;
}

/** The name and the tag of an image reference have fields of their own; joined by a colon they are the reference again. */
function imageText(reference: string): string {
  const [, name, tag] = TAGGED.exec(reference) ?? [];
  return name === undefined || tag === undefined ? `"name":"${escaped(reference)}"` : `"name":"${escaped(name)}","tag":["${escaped(tag)}"]`;
}

function podText({ pod_uid: uid, pod_name: name, namespace }: Container): string {
  if (uid === null && name === null && namespace === null) return '';
  let text = ',"orchestrator":{"type":"kubernetes"';
  if (namespace !== null) text += `,"namespace":"${escaped(namespace)}"`;
  if (uid === null && name === null) return `${text}}`;
  text += ',"resource":{"type":"pod"';
  if (name !== null) text += `,"name":"${escaped(name)}"`;
  if (uid !== null) text += `,"id":"${escaped(uid)}"`;
  return `${text}}}`;
}

/** Members of `forkcast`. */
export function containerDetail({ image_id: imageId, labels }: Container): string {
  const parts: string[] = [];
  if (imageId !== null && !DIGEST.test(imageId)) parts.push(`"image_id":"${escaped(imageId)}"`);
  const { exact } = labelsOf(labels ?? {});
  if (exact !== '') parts.push(`"labels":[${exact}]`);
  return parts.length === 0 ? '' : `,"container":{${parts.join(',')}}`;
}
