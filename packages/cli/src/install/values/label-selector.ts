import { z } from "zod";

/** `[prefix/]name`, as Kubernetes writes the keys of labels. */
const key = z
  .string()
  .regex(
    /^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*\/)?[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/,
    "expected the key of a label",
  );
const value = z
  .string()
  .regex(/^(?:[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$/, "expected the value of a label");

const expression = z.union(
  [
    z.strictObject({ key, operator: z.enum(["In", "NotIn"]), values: z.array(value).min(1) }),
    z.strictObject({
      key,
      operator: z.enum(["Exists", "DoesNotExist"]),
      values: z.array(value).max(0).optional(),
    }),
  ],
  "expected key, operator (In, NotIn, Exists or DoesNotExist) and, for the first two, values",
);

/** A LabelSelector of the Kubernetes API. It selects everything if it is empty. */
export const labelSelector = z.strictObject({
  matchLabels: z.record(key, value).optional(),
  matchExpressions: z.array(expression).optional(),
});

type LabelSelector = z.output<typeof labelSelector>;

/** Writes a LabelSelector as a flag of the CA reads it; empty if it selects everything. */
export function selectorText({ matchLabels = {}, matchExpressions = [] }: LabelSelector): string {
  const equal = Object.entries(matchLabels)
    .toSorted(byKey)
    .map(([key, value]) => `${key}=${value}`);
  const others = matchExpressions.map(({ key, operator, values = [] }) => {
    if (operator === "Exists") return key;
    if (operator === "DoesNotExist") return `!${key}`;
    return `${key} ${operator === "In" ? "in" : "notin"} (${values.join(",")})`;
  });
  return [...equal, ...others].join(",");
}

/** Helm ranges over maps in this order. */
function byKey([a]: readonly [string, string], [b]: readonly [string, string]): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
