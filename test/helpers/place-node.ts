import { cp, link, mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';

/** The Node.js that runs this, as another file at `path`: for users who may not enter the folder it is in. Linked hard where that works. */
export async function placeNode(path: string): Promise<string> {
  await mkdir(dirname(path), { recursive: true });
  await link(process.execPath, path).catch(() => cp(process.execPath, path));
  return path;
}
