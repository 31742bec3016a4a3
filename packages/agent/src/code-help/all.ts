import type { CodeHelp } from "@kasbah/runtime";
import type { AgentErrorCode } from "../errors.ts";
import { caCodeHelp } from "./ca.ts";
import { fileCodeHelp } from "./files.ts";
import { socketCodeHelp } from "./sockets.ts";

const command = { section: "The agent's Workload API and commands", exit: 1 } as const;

/** The agent keeps serving its current secret in every case, unless the reaction says otherwise. */
export const agentCodeHelp = {
  ...caCodeHelp,
  ...fileCodeHelp,
  ...socketCodeHelp,
  UNEXPECTED: {
    section: "The agent",
    level: "error",
    cause: "a failure without a code of its own; the log has its stack",
    reaction: "retries",
    fix: "report it: this is a bug in kasbah",
  },
  AGENT_UNREACHABLE: {
    ...command,
    cause:
      "`wait` or `status` gets no answer at the [status address](agent-status.md), or `rotate` on the SDS socket",
    fix: "start the agent, or pass its `--status-address` or `--sds-socket`",
  },
  AGENT_NOT_READY: {
    ...command,
    cause: "`wait` or `rotate` timed out: the agent serves no secret, or no new one, yet",
    fix: "the message contains the agent's reasons",
  },
  AGENT_REPLY_INVALID: {
    ...command,
    cause:
      "the program at the status address or on the socket is not kasbah-agent, or is an earlier release of it; on 15020 it is often Istio's pilot-agent",
    fix: "pass the agent's own `--status-address`",
  },
  ROTATION_UNSUPPORTED: {
    ...command,
    cause: "`rotate` asked an agent that serves mounted certificates",
    fix: "renew them in the program that writes them",
  },
  CERTIFICATE_NOT_OBTAINED: {
    ...command,
    cause:
      "[`kasbah-agent fetch`](output-certs.md#write-the-files-once) got no certificate before its timeout",
    fix: "the message contains the last reason",
  },
} satisfies Record<AgentErrorCode | "UNEXPECTED", CodeHelp>;
