import type { z } from "zod";

type Part = Record<string, z.core.util.JSONType>;

/** The same schema with the type of a part of a manifest: what it parses is JSON, also if keys are optional. */
export function manifestPart(schema: z.ZodType<object>): z.ZodType<Part, Part> {
  return schema as z.ZodType<Part, Part>;
}
