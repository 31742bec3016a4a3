import type { CodeHelp } from "@kasbah/runtime";

const sds = { section: "The agent" } as const;
const workload = { section: "The agent's Workload API and commands" } as const;

/** Codes of the replies to clients of the SDS socket and of the Workload API. */
export const socketCodeHelp = {
  REQUEST_MALFORMED: {
    ...sds,
    status: "INVALID_ARGUMENT",
    cause: "the request of an SDS client, or of `kasbah-agent rotate`, cannot be decoded",
    reaction: "ends that stream or call",
    fix: "the author of the client",
  },
  NODE_MISSING: {
    ...sds,
    status: "INVALID_ARGUMENT",
    cause: "the first message of an SDS stream does not contain `node.id`",
    reaction: "ends that stream or call",
    fix: "the SDS client: set `node.id`, in Envoy's bootstrap or by `--service-node`",
  },
  RESOURCE_UNKNOWN: {
    ...sds,
    status: "NOT_FOUND",
    level: "warn",
    cause: "a client requests a name that the agent does not serve",
    reaction: "returns nothing for that name and keeps the stream; only a fetch fails with the status",
    fix: "Envoy's configuration: [the names that are served](sds.md#names)",
  },
  RESOURCE_NOT_READY: {
    ...sds,
    status: "UNAVAILABLE",
    cause: "there is no secret yet",
    reaction: "answers a fetch with the status after 10 s",
    fix: "`/healthz/ready` gives the reason",
  },
  SDS_BUSY: {
    ...sds,
    status: "UNAVAILABLE",
    cause: "4096 SDS streams are open",
    reaction: "refuses that call, and keeps the open ones",
    fix: "find the client that opens streams and does not close them",
  },
  CLIENT_TOO_SLOW: {
    ...sds,
    status: "RESOURCE_EXHAUSTED",
    level: "warn",
    cause: "an SDS client stopped reading",
    reaction: "ends that stream",
    fix: "the SDS client: it should open a new stream",
  },
  WORKLOAD_HEADER_MISSING: {
    ...workload,
    status: "INVALID_ARGUMENT",
    cause: "the call to the [Workload API](workload-api.md) does not contain the required header",
    fix: "fix the client: every SPIFFE library sends `workload.spiffe.io: true`, a forged request does not",
  },
  WORKLOAD_SECRET_EXPIRED: {
    ...workload,
    status: "UNAVAILABLE",
    cause: "the certificate has expired, so new streams are refused",
    fix: "the message contains the reason; clients retry automatically",
  },
  WORKLOAD_METHOD_UNSUPPORTED: {
    ...workload,
    status: "UNIMPLEMENTED",
    cause: "the call needs JWT-SVIDs or WIT-SVIDs, which kasbah does not issue",
    fix: "authenticate with the X.509-SVID, or with the pod's service account token; [which calls](workload-api.md#client-libraries)",
  },
  WORKLOAD_API_BUSY: {
    ...workload,
    status: "UNAVAILABLE",
    cause: "4096 streams are open, so the new one is refused",
    fix: "find the client that opens streams and does not close them",
  },
  WORKLOAD_API_STOPPING: {
    ...workload,
    status: "UNAVAILABLE",
    cause: "the agent is stopping, so streams end",
    fix: "nothing: clients reconnect",
  },
} satisfies Record<string, CodeHelp>;
