import { printableText, quoted } from "@kasbah/runtime";
import type { z } from "zod";

/** One sentence: the name of the value, what was expected, and what was found. */
export function valueProblem({ path, message, input }: z.core.$ZodIssue): string {
  const name = path.map((key) => printableText(String(key), 100)).join(".");
  const isOpen = message.includes("expected") && !/, got |, received /.test(message);
  return `${name === "" ? "values" : name}: ${message}${isOpen ? foundText(input) : ""}`;
}

function foundText(input: unknown): string {
  if (typeof input === "string") return `, got ${quoted(input)}`;
  return typeof input === "number" || typeof input === "boolean" ? `, got ${input}` : "";
}
