/**
 * The same text in one piece. V8 keeps a concatenation as a tree of its parts until somebody reads it, and copies each part anew for every
 * text that has the tree within it: what is put into thousands of texts should be no tree.
 */
export const flat = (text: string): string => Buffer.from(text, 'utf8').toString('utf8');
