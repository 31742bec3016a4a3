import { agentCodeHelp } from "../../../packages/agent/src/code-help/all.ts";
import { loudCodes } from "../../../packages/agent/src/telemetry/loud-codes.ts";
import { findingHelp } from "../../../packages/ca-server/src/code-help/findings.ts";
import { refusalHelp } from "../../../packages/ca-server/src/code-help/refusals.ts";
import { conditionHelp, sourceHelp } from "../../../packages/ca-server/src/code-help/sources.ts";
import { startHelp } from "../../../packages/ca-server/src/code-help/start.ts";
import { type StatusRow, statusTable } from "../../../packages/ca-server/src/grpc/status-table.ts";
import { cliCodeHelp } from "../../../packages/cli/src/code-help.ts";
import { statusCodeHelp } from "../../../packages/cli/src/status/code-help.ts";
import { ledgerCodeHelp } from "../../../packages/ledger/src/code-help.ts";
import { pkiCodeHelp } from "../../../packages/pki/src/code-help.ts";
import { type CodeHelp, runtimeCodeHelp } from "../../../packages/runtime/src/code-help.ts";
import { grpcStatus } from "../../../packages/runtime/src/rpc/status.ts";

/** A meaning of a code. */
export interface ExplainedCode extends CodeHelp {
  readonly code: string;
}

/** Every meaning of every code, from the tables next to the unions of codes. */
export function explainedCodes(): readonly ExplainedCode[] {
  return [
    ...explained(refusalHelp).map(withReply),
    ...explained(startHelp),
    ...explained(sourceHelp),
    ...explained(conditionHelp),
    ...explained(findingHelp),
    ...explained(pkiCodeHelp),
    ...explained(runtimeCodeHelp),
    ...explained(ledgerCodeHelp),
    ...explained(agentCodeHelp).map(withRotationLevel),
    ...explained(cliCodeHelp),
    ...explained(statusCodeHelp),
  ];
}

function explained(table: Readonly<Record<string, CodeHelp>>): readonly ExplainedCode[] {
  return Object.entries(table).map(([code, help]) => ({ code, ...help }));
}

function withReply(one: ExplainedCode): ExplainedCode {
  const row = new Map<string, StatusRow>(Object.entries(statusTable)).get(one.code);
  if (row === undefined) throw new Error(`${one.code}: no row in the status table`);
  const [status = ""] = Object.entries(grpcStatus).find(([, number]) => number === row.status) ?? [];
  return { ...one, status, level: row.level };
}

function withRotationLevel(one: ExplainedCode): ExplainedCode {
  return one.section === "The agent" && loudCodes.has(one.code) ? { ...one, level: "error" } : one;
}
