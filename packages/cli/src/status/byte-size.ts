const units = ["B", "KiB", "MiB", "GiB", "TiB"] as const;

/** `3.5 GiB`: two digits, or as many as the whole part has. */
export function byteSize(bytes: number): string {
  let [value, unit] = [Math.max(0, bytes), 0];
  while (value >= 1024 && unit < units.length - 1) [value, unit] = [value / 1024, unit + 1];
  const digits = value >= 10 || unit === 0 ? 0 : 1;
  return `${value.toFixed(digits)} ${units[unit]}`;
}
