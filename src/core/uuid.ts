const DIGITS = Buffer.from('0123456789abcdef', 'latin1');
const DASH = 0x2d;
/** Where the text has its dashes, by byte of the UUID: before the 4th, 6th, 8th and 10th. */
const DASH_BEFORE = [false, false, false, false, true, false, true, false, true, false, true, false, false, false, false, false];

const scratch = Buffer.alloc(36);

/** 16 bytes as 8-4-4-4-12 hexadecimal digits. */
export function uuidText(id: Uint8Array): string {
  let at = 0;
  for (let i = 0; i < 16; i++) {
    if (DASH_BEFORE[i] === true) scratch[at++] = DASH;
    const byte = id[i] as number;
    scratch[at++] = DIGITS[byte >> 4] as number;
    scratch[at++] = DIGITS[byte & 15] as number;
  }
  return scratch.toString('latin1');
}

/** The bytes of what `uuidText` gave. */
export function uuidBytes(text: string): Buffer {
  return Buffer.from(text.replaceAll('-', ''), 'hex');
}

const TEXT = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Whether it is a text as `uuidText` gives it. */
export function isUuidText(value: unknown): value is string {
  return typeof value === 'string' && TEXT.test(value);
}
