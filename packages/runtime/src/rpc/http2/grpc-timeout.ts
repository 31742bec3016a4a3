/** The longest timer that Node supports, in milliseconds. A longer deadline counts as none. */
export const maxTimerMs = 2 ** 31 - 1;

const msPerUnit: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1_000,
  m: 1,
  u: 1e-3,
  n: 1e-6,
};

const mostOfAUnit = 99_999_999;

/**
 * Parses `grpc-timeout` (gRPC over HTTP/2, "Timeout"), 1 to 8 digits and a unit, to milliseconds; undefined
 * if it is malformed.
 */
export function parseGrpcTimeout(text: string): number | undefined {
  const [, digits, unit = ""] = /^(\d{1,8})([HMSmun])$/.exec(text) ?? [];
  const scale = msPerUnit[unit];
  return digits === undefined || scale === undefined ? undefined : Number(digits) * scale;
}

/** Formats a timeout in the finest unit that can hold it, rounded up. */
export function formatGrpcTimeout(timeoutMs: number): string {
  for (const unit of ["m", "S", "M", "H"]) {
    const amount = Math.max(1, Math.ceil(timeoutMs / (msPerUnit[unit] ?? 1)));
    if (amount <= mostOfAUnit) return `${amount}${unit}`;
  }
  return `${mostOfAUnit}H`;
}
