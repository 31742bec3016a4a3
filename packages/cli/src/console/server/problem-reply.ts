import type { ConsoleError } from "@kasbah/console";
import { MeshError } from "@kasbah/pki";
import { RuntimeError } from "@kasbah/runtime";
import { cliCodeHelp } from "../../code-help.ts";
import type { RequestRefusal } from "./refusal.ts";
import { type ConsoleReply, jsonAnswer } from "./reply.ts";

/** A refusal, with the fix from the table of codes. */
export function problemReply({ status, error, headers }: RequestRefusal): ConsoleReply {
  return jsonAnswer(problemOf(error), status, headers);
}

/** The reply if the CA or its ledger could not be read; undefined for an error that is a bug. */
export function failureReply(error: unknown): ConsoleReply | undefined {
  if (!(error instanceof MeshError || error instanceof RuntimeError)) return undefined;
  return jsonAnswer(problemOf(error), error.code === "USAGE_INVALID" ? 400 : 503);
}

function problemOf({ code, message }: { readonly code: string; readonly message: string }): ConsoleError {
  const help: Readonly<Record<string, { readonly fix: string }>> = cliCodeHelp;
  return { code, message, fix: help[code] === undefined ? undefined : plainText(help[code].fix) };
}

/** Without the marks of Markdown. */
function plainText(markdown: string): string {
  return markdown.replaceAll("`", "").replace(/\[([^\]]*)\]\([^)]*\)/g, "$1");
}
