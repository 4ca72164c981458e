/**
 * What stands in the place of a secret, whatever it was and however long: fixed, so that nobody can count its characters, and the same in every
 * version, so that consumers can look for it. A secret that reads just like it is taken for one that was masked before.
 */
export const MARK = '[redacted]';
