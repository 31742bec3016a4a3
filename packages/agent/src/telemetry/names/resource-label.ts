import { createHash } from "node:crypto";

const maxLength = 256;

/** A resource name as a metric's label: a name of two long paths is cut, and stays unique. */
export function resourceLabel(name: string): string {
  if (name.length <= maxLength) return name;
  const hash = createHash("sha256").update(name).digest("hex").slice(0, 8);
  return `${name.slice(0, maxLength - hash.length - 1)}~${hash}`;
}
