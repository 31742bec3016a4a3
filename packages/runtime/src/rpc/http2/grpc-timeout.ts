/** The longest that a timer takes, in milliseconds. A deadline beyond it is none. */
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

/** Reads `grpc-timeout` (gRPC over HTTP/2, "Timeout"): 1 to 8 digits and a unit. In milliseconds; undefined when it is neither. */
export function parseGrpcTimeout(text: string): number | undefined {
  const [, digits, unit = ""] = /^(\d{1,8})([HMSmun])$/.exec(text) ?? [];
  const scale = msPerUnit[unit];
  return digits === undefined || scale === undefined ? undefined : Number(digits) * scale;
}

/** The same in the other direction, in the finest unit that holds it, rounded up. */
export function formatGrpcTimeout(timeoutMs: number): string {
  for (const unit of ["m", "S", "M", "H"]) {
    const amount = Math.max(1, Math.ceil(timeoutMs / (msPerUnit[unit] ?? 1)));
    if (amount <= mostOfAUnit) return `${amount}${unit}`;
  }
  return `${mostOfAUnit}H`;
}
