import type { CodeHelp } from "@kasbah/runtime";

const agent = { section: "The agent", level: "warn" } as const;

/** Codes of renewal: from the token to the CA's reply. `rotation-events.ts` decides their log level. */
export const caCodeHelp = {
  TOKEN_UNREADABLE: {
    ...agent,
    cause: "the token file is missing or cannot be read",
    reaction: "retries",
    fix: "the pod's token volume; `--token-file`",
  },
  TOKEN_EMPTY: {
    ...agent,
    cause: "the token file is empty",
    reaction: "retries",
    fix: "the pod's token volume; `--token-file`",
  },
  TOKEN_EXPIRED: {
    ...agent,
    cause: "the token in the file has expired",
    reaction: "sends nothing, retries slowly and as soon as the file changes",
    fix: "the kubelet, or the local clock",
  },
  ROOTS_UNREADABLE: {
    ...agent,
    cause: "the file of the CA's roots is missing, or contains no usable root",
    reaction: "retries",
    fix: "mount the CA's roots; `--ca-root`",
  },
  CA_UNREACHABLE: {
    ...agent,
    cause:
      "no connection to the CA: the network, the address, or a CA whose certificate does not verify under the trusted roots",
    reaction: "retries within 30 s",
    fix: "the message names the reason. If a certificate does not verify, it names the roots and the certificates of both sides, by subject and SHA-256, the expiry, the names or the clock that is wrong, and the fix",
  },
  CA_UNAVAILABLE: {
    ...agent,
    cause: "the CA answers, but cannot issue now",
    reaction: "retries after the delay that the CA requested",
    fix: "the CA's operator",
  },
  CA_REFUSED: {
    ...agent,
    cause: "the CA refused the request",
    reaction: "retries slowly (10 s to 5 min)",
    fix: "the message contains the CA's code and reference: [Refusals](refusals.md)",
  },
  CA_REPLY_INVALID: {
    ...agent,
    cause: "the reply was for another key, name or root, or is not valid now",
    reaction: "discards the reply",
    fix: "the CA's operator",
  },
  CA_IDENTITY_MISMATCH: {
    ...agent,
    cause:
      "the server at that address is not the CA that [`--ca-spiffe-id`](agent-rotation.md#credentials) names",
    reaction: "sends nothing, tries the next CA, retries within 30 s",
    fix: "the message contains the expected and the seen SPIFFE ID",
  },
  CONFIG_INVALID: {
    ...agent,
    cause: "the token is for another identity than `--namespace` and `--service-account`",
    reaction: "retries slowly",
    fix: "the flags, or the token",
  },
} satisfies Record<string, CodeHelp>;
