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

export type LabelSelector = z.output<typeof labelSelector>;
