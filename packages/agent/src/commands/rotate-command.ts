import { resolve } from "node:path";
import { formatDuration, printableText } from "@kasbah/runtime";
import { Http2Channel } from "@kasbah/runtime/grpc-http2";
import { grpcStatus, RpcError } from "@kasbah/runtime/rpc";
import { sdsSocketPath } from "../config/socket-options.ts";
import { AgentError } from "../errors.ts";
import { type RotateReply, rotatePath } from "../rotate-call/rotate-method.ts";
import type { AgentCommandDeps } from "./command-deps.ts";

export interface RotateOptions {
  readonly sdsSocket: string | undefined;
  readonly sdsSocketFile: string;
  /** In milliseconds. */
  readonly timeout: number;
}

/** The CA may be back for the next attempt of the agent. Other failures need an operator. */
const passing: ReadonlySet<string> = new Set(["CA_UNREACHABLE", "CA_UNAVAILABLE"]);

const rotateMethod = {
  path: rotatePath,
  request: { encode: () => new Uint8Array() },
  response: { decode: parseReply },
};

/**
 * Asks the agent to renew, and resolves once it serves the new certificate, or with the reason why it could not.
 * @throws AgentError `AGENT_UNREACHABLE`, `AGENT_REPLY_INVALID`, or `AGENT_NOT_READY` on timeout
 */
export async function rotateNow(
  options: RotateOptions,
  { clock }: Pick<AgentCommandDeps, "clock">,
): Promise<RotateReply> {
  const path = resolve(sdsSocketPath(options));
  const deadlineMs = clock.monotonicMs() + options.timeout;
  const channel = new Http2Channel({ unixPath: path }, { maxResponseBytes: 64 * 1024 });
  let last: RotateReply | undefined;
  try {
    for (;;) {
      const leftMs = Math.ceil(deadlineMs - clock.monotonicMs());
      if (leftMs <= 0) return last ?? timedOut(options);
      const reply = await channel.unary(rotateMethod, undefined, { deadlineMs: leftMs });
      if (reply.rotated || !passing.has(reply.code)) return reply;
      last = reply;
    }
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
    if (error.code !== grpcStatus.DEADLINE_EXCEEDED) throw asAgentError(error, path);
    return last ?? timedOut(options);
  } finally {
    channel.close();
  }
}

/** Formats the reply as rows. */
export function rotateText(reply: RotateReply): string {
  if (!reply.rotated) {
    const fix = reply.fix === undefined ? "" : `fix: ${printableText(reply.fix)}\n`;
    const again = reply.retryInMs === null ? "" : "; the agent keeps trying";
    const kept = reply.serial === null ? "no certificate is served" : `still served: ${reply.serial}`;
    return `cannot renew: ${printableText(reply.message)} (${printableText(reply.code)}); ${kept}${again}\n${fix}`;
  }
  const rows = [
    ["SPIFFE ID", reply.spiffeId],
    ["old serial", reply.oldSerial ?? "none"],
    ["new serial", reply.serial],
    ["expires", reply.notAfter],
    ...(reply.filesProblem === undefined ? [] : [["files", reply.filesProblem] as const]),
  ] as const;
  return rows.map(([name, value]) => `${name.padEnd(10)}  ${printableText(value)}\n`).join("");
}

function timedOut({ timeout }: RotateOptions): never {
  const message = `the agent serves no new certificate after ${formatDuration(timeout)}; it keeps trying, see kasbah-agent status`;
  throw new AgentError("AGENT_NOT_READY", message);
}

function asAgentError(error: RpcError, path: string): AgentError {
  if (error.code === grpcStatus.UNIMPLEMENTED) {
    const message = `the server at ${path} cannot rotate: it is another program, or an agent of an earlier release`;
    return new AgentError("AGENT_REPLY_INVALID", message, { cause: error });
  }
  const [reason, fix] = /\bEACCES\b/.test(error.message)
    ? ["permission denied (EACCES)", "run the command as the agent's user"]
    : [error.message, "start the agent, or set --sds-socket to its socket"];
  const message = `cannot reach an agent at ${path}: ${reason}; ${fix}`;
  return new AgentError("AGENT_UNREACHABLE", message, { cause: error });
}

function parseReply(bytes: Uint8Array): RotateReply {
  const reply: unknown = parseJson(bytes);
  if (isReply(reply)) return reply;
  throw new AgentError(
    "AGENT_REPLY_INVALID",
    "the reply of the agent is malformed; use its own release's command",
  );
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch {
    return undefined;
  }
}

function isReply(value: unknown): value is RotateReply {
  if (typeof value !== "object" || value === null || !("rotated" in value)) return false;
  const has = (name: string) => typeof Object.getOwnPropertyDescriptor(value, name)?.value === "string";
  if (value.rotated === true) return ["spiffeId", "serial", "notAfter"].every(has);
  return value.rotated === false && ["code", "message"].every(has);
}
