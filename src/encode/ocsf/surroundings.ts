import type { Container, Host } from '../../core/event.ts';
import { isUuidText, uuidText } from '../../core/uuid.ts';
import { escaped, quote } from '../siem/json-string.ts';
import type { OcsfFeatures } from './versions.ts';

/** What 1.3 demands of a hostname; a name that is none is no reason to lose it. */
const HOSTNAME = /^[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*$/;

/** `,"device":{…}`. What kind of device it is nobody told the agent. */
export function deviceText({ host_id: id, boot_id: boot, hostname }: Host, { hasCpid }: OcsfFeatures): string {
  const name = `"${HOSTNAME.test(hostname) ? 'hostname' : 'name'}":"${escaped(hostname)}"`;
  const bootUid = hasCpid ? `,"boot_uid":"${uuidText(boot)}"` : '';
  return `,"device":{"type_id":0,"uid":"${uuidText(id)}",${name}${bootUid},"os":{"name":"Linux","type_id":200,"type":"Linux"}}`;
}

/** Member of `unmapped`. */
export const bootDetail = ({ boot_id: boot }: Host, { hasCpid }: OcsfFeatures): string => (hasCpid ? '' : `,"boot_id":"${uuidText(boot)}"`);

/** Of `metadata`: the labels of the configuration. */
export function labelsText({ labels }: Host, { hasAncestry }: OcsfFeatures): string {
  const entries = Object.entries(labels ?? {});
  if (entries.length === 0) return '';
  if (hasAncestry) return `,"tags":[${entries.map(tag).join(',')}]`;
  return `,"labels":[${entries.map(pair).join(',')}]`;
}

const tag = ([name, value]: [string, string]): string => `{"name":"${escaped(name)}","value":"${escaped(value)}"}`;
const pair = ([name, value]: [string, string]): string => quote(`${name}=${value}`);

/** An image must have a `uid`; what is known of one that has none goes to `unmapped`. */
export function containerText(container: Container, { hasAncestry }: OcsfFeatures): string {
  const { id, runtime, name, image, image_id: imageId, pod_uid: pod, labels } = container;
  let text = `,"container":{"uid":"${escaped(id)}"`;
  if (name !== null) text += `,"name":"${escaped(name)}"`;
  if (runtime !== null) text += `,"runtime":"${escaped(runtime)}"`;
  if (imageId !== null) text += `,"image":{"uid":"${escaped(imageId)}"${image === null ? '' : `,"name":"${escaped(image)}"`}}`;
  if (isUuidText(pod)) text += `,"pod_uuid":"${pod}"`;
  if (hasAncestry && labels !== null) text += `,"tags":[${Object.entries(labels).map(tag).join(',')}]`;
  return `${text}}`;
}

/** Member of `unmapped`. */
export function containerDetail(container: Container, { hasAncestry }: OcsfFeatures): string {
  const { image, image_id: imageId, pod_uid: podUid, pod_name: podName, namespace, labels } = container;
  const parts: string[] = [];
  if (image !== null && imageId === null) parts.push(`"image":"${escaped(image)}"`);
  if (podUid !== null && !isUuidText(podUid)) parts.push(`"pod_uid":"${escaped(podUid)}"`);
  if (podName !== null) parts.push(`"pod_name":"${escaped(podName)}"`);
  if (namespace !== null) parts.push(`"namespace":"${escaped(namespace)}"`);
  if (!hasAncestry && labels !== null) parts.push(`"labels":[${Object.entries(labels).map(pair).join(',')}]`);
  return parts.length === 0 ? '' : `,"container":{${parts.join(',')}}`;
}
