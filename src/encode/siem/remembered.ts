import { flat } from './flat.ts';

/**
 * Texts of objects that never change and come again and again: of the host two are in use at a time, with and without labels, of containers
 * as many as there are.
 */
export function remembered<T extends object>(make: (of: T) => string): (of: T) => string {
  const texts = new WeakMap<T, string>();
  let last: T | undefined;
  let lastText = '';
  let before: T | undefined;
  let beforeText = '';
  const found = (of: T): string => {
    let text = texts.get(of);
    if (text === undefined) {
      text = flat(make(of));
      texts.set(of, text);
    }
    return text;
  };
  return (of) => {
    if (of === last) return lastText;
    if (of === before) return beforeText;
    before = last;
    beforeText = lastText;
    last = of;
    lastText = found(of);
    return lastText;
  };
}
