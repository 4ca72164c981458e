export interface UserIds {
  readonly uid: number | null;
  readonly euid: number | null;
}

/** Whether an exec made root of somebody who was not, as a set-user-id file does, or a UID event. */
export function isEscalation(before: UserIds, after: UserIds): boolean {
  return after.euid === 0 && isOrdinary(before.uid) && isOrdinary(before.euid);
}

function isOrdinary(uid: number | null): boolean {
  return uid !== null && uid !== 0;
}
