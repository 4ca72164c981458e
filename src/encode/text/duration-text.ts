/** A duration for people, three digits or so: `850us`, `12.3ms`, `4.56s`, `3m20s`, `5h12m`, `9d4h`. */
export function durationText(us: number): string {
  if (us < 1000) return `${us}us`;
  if (us < 1_000_000) return `${rounded(us / 1000)}ms`;
  if (us < 60_000_000) return `${rounded(us / 1_000_000)}s`;
  const seconds = Math.floor(us / 1_000_000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m${seconds % 60}s`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)}h${Math.floor((seconds % 3600) / 60)}m`;
  return `${Math.floor(seconds / 86_400)}d${Math.floor((seconds % 86_400) / 3600)}h`;
}

/** Three digits, never rounded up to the next unit. */
function rounded(value: number): number {
  const scale = value < 10 ? 100 : value < 100 ? 10 : 1;
  return Math.floor(value * scale) / scale;
}
