import { formatHostPort, type HostPort } from "@kasbah/runtime";
import type {
  AgentAnswer,
  AgentView,
  FailureFacts,
  Rejection,
  ServedCertificate,
} from "../../doctor/agent-view.ts";
import { AgentError } from "../../errors.ts";
import { askAgent, type StatusPageObject } from "../ask-agent.ts";
import { itemsAt, textAt } from "../document-fields.ts";
import { isGatewayName, isGatewayWarning } from "../gateway-text.ts";

/** Asks the agent at its status port for everything that the doctor compares. */
export async function readAgent(address: HostPort): Promise<AgentAnswer> {
  try {
    return { kind: "running", view: viewOf(await askAgent(address, "/debug/secrets")) };
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    const where = formatHostPort(address);
    if (error.code === "AGENT_REPLY_INVALID") {
      return { kind: "other-server", problem: `the server at ${where} is not kasbah-agent` };
    }
    return { kind: "absent", problem: `no agent answers at ${where}` };
  }
}

function viewOf(document: StatusPageObject): AgentView {
  const offset = textAt(document, "ca", "clockOffsetMs");
  return {
    version: textAt(document, "version"),
    state: textAt(document, "state"),
    isReady: document["ready"] === true,
    reasons: itemsAt(document, "reasons").map((one) => textAt(one)),
    warnings: itemsAt(document, "warnings")
      .map((one) => textAt(one))
      .filter((one) => !isGatewayWarning(one)),
    certificate: certificateIn(document),
    lastFailure: failureIn(document),
    rootFingerprints: itemsAt(document, "trustBundle").map((root) => textAt(root, "fingerprint")),
    clockOffsetMs: offset === "" ? undefined : Number(offset),
    streams: Number(textAt(document, "sds", "streams")),
    rejections: itemsAt(document, "sds", "clients").flatMap(rejectionOf),
  };
}

function certificateIn(document: StatusPageObject): ServedCertificate | undefined {
  const of = (name: string) => textAt(document, "certificate", name);
  const notAfter = new Date(of("notAfter"));
  if (of("serial") === "" || Number.isNaN(notAfter.getTime())) return undefined;
  const receivedAt = new Date(of("receivedAt"));
  const received = Number.isNaN(receivedAt.getTime()) ? undefined : receivedAt;
  return { spiffeId: of("spiffeId"), serial: of("serial"), notAfter, receivedAt: received };
}

function failureIn(document: StatusPageObject): FailureFacts | undefined {
  const of = (name: string) => textAt(document, "lastFailure", name) || undefined;
  const code = of("code");
  if (code === undefined) return undefined;
  return {
    code,
    message: of("message") ?? code,
    caCode: of("caCode"),
    reference: of("reference"),
    fix: of("fix"),
    replyFault: of("replyFault"),
    failures: Number(of("failures")) || undefined,
  };
}

/** A client whose last answer to a secret of the workload was a NACK. */
function rejectionOf(client: unknown): readonly Rejection[] {
  const refused = itemsAt(client, "resources").filter((one) => textAt(one, "state") === "refused");
  const names = itemsAt(client, "lastNack", "names").map((name) => textAt(name));
  if (refused.length === 0 || names.every(isGatewayName)) return [];
  return [{ node: textAt(client, "node"), names, complaint: textAt(client, "lastNack", "complaint") }];
}
