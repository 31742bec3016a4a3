import { readFile } from "node:fs/promises";
import { ConfigInvalidError, closestName, printableText } from "@kasbah/runtime";
import { z } from "zod";
import { CliError } from "../../errors.ts";
import { toJson } from "../../output/json.ts";
import { wrapFields } from "../../output/wrapped-fields.ts";
import { generatedFile } from "../../shipped-files.ts";
import type { CommandDeps } from "../command-deps.ts";

const explanations = z.array(
  z.object({
    code: z.string(),
    page: z.string(),
    section: z.string(),
    cause: z.string().optional(),
    reaction: z.string().optional(),
    fix: z.string().optional(),
    retry: z.string().optional(),
    status: z.string().optional(),
    exit: z.number().optional(),
    level: z.string().optional(),
    see: z.array(z.string()),
  }),
);

type CodeExplanation = z.infer<typeof explanations>[number];

/** Whether a text has the form of a code, and not that of a reference. */
export function isCode(text: string): boolean {
  return /^[A-Za-z]\w{2,60}$/.test(text) && !/^(?:[0-9a-f]{12}|[0-9a-f]{32})$/.test(text);
}

/** `kasbah why <CODE>`: prints what the reference says about a code. It contacts no CA. */
export async function explainCode(
  text: string,
  options: { readonly json: boolean; readonly policy?: string },
  { screen }: Pick<CommandDeps, "screen">,
): Promise<void> {
  if (options.policy !== undefined)
    throw new ConfigInvalidError(["--policy: a code means the same under every policy"]);
  const all = explanations.parse(JSON.parse(await readFile(generatedFile("codes.json"), "utf8")));
  const code = text.toUpperCase();
  const found = all.filter((one) => one.code === code);
  if (found.length === 0) throw unknownCode(text, all);
  screen.write(options.json ? toJson(found) : found.map(renderExplanation).join("\n"));
}

function renderExplanation({ code, page, section, see, ...told }: CodeExplanation): string {
  const fields = wrapFields([
    ["cause", told.cause ?? ""],
    ["agent", told.reaction ?? ""],
    ["fix", told.fix ?? ""],
    ["retry", told.retry ?? ""],
    ["status", told.status ?? ""],
    ["exit", told.exit === undefined ? "" : `exits with ${told.exit}`],
    ["log", told.level ?? ""],
    ["page", page],
    ["see", see.join(", ")],
  ]);
  return `${printableText(code)}  ${printableText(section)}\n${fields}`;
}

function unknownCode(text: string, all: readonly CodeExplanation[]): CliError {
  const code = text.toUpperCase();
  const known = [...new Set(all.map((one) => one.code))];
  const nearest = closestName(code, known) ?? mostAlike(code, known);
  const hint =
    nearest === undefined
      ? "docs/reference/errors.md lists all codes, docs/install.md all alerts"
      : `did you mean ${nearest}?`;
  return new CliError("TARGET_INVALID", `no code ${printableText(text, 80)}: ${hint}`);
}

/** The code that shares most words with the text; `AUDIENCE_REJECTED` is like `TOKEN_AUDIENCE`. */
function mostAlike(text: string, known: readonly string[]): string | undefined {
  const words = new Set(text.split("_"));
  const shared = (code: string) => code.split("_").filter((word) => words.has(word)).length;
  const [best] = [...known].sort((one, other) => shared(other) - shared(one));
  return best !== undefined && shared(best) > 0 ? best : undefined;
}
