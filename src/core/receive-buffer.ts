/** The kernel charges one process event to the receive buffer as 832 bytes: an skb with its overhead, seen on 6.18. */
const SKB_BYTES = 832;

/** Events that a receive buffer holds. `grantedBytes` is in the kernel's accounting: twice what a program asks for. */
export function eventsHeldBy(grantedBytes: number): number {
  return Math.floor(grantedBytes / SKB_BYTES);
}
