/** Major numbers of Documentation/admin-guide/devices.txt. */
const TTY = 4,
  TTY_AUX = 5,
  USB_SERIAL = 188,
  ACM = 166,
  ARM_SERIAL = 204,
  HVC = 229,
  PTS_FIRST = 136,
  PTS_LAST = 143;
const FIRST_SERIAL = 64;

/** Terminal name as `ps` prints it ("pts/3", "tty1"), from the kernel's device number; `<major>:<minor>` for an unlisted driver, null for none. */
export function ttyName(ttyNr: number): string | null {
  if (ttyNr === 0) return null;
  // new_encode_dev() of include/linux/kdev_t.h: the minor's upper bits stand above the major.
  const major = (ttyNr >>> 8) & 0xfff;
  const minor = (ttyNr & 0xff) | ((ttyNr >>> 12) & 0xfff00);
  if (major >= PTS_FIRST && major <= PTS_LAST) return `pts/${minor + (major - PTS_FIRST) * 256}`;
  switch (major) {
    case TTY:
      return minor < FIRST_SERIAL ? `tty${minor}` : `ttyS${minor - FIRST_SERIAL}`;
    case TTY_AUX:
      return ['tty', 'console', 'ptmx'][minor] ?? `${major}:${minor}`;
    case USB_SERIAL:
      return `ttyUSB${minor}`;
    case ACM:
      return `ttyACM${minor}`;
    case ARM_SERIAL:
      return minor >= FIRST_SERIAL ? `ttyAMA${minor - FIRST_SERIAL}` : `${major}:${minor}`;
    case HVC:
      return `hvc${minor}`;
    default:
      return `${major}:${minor}`;
  }
}
