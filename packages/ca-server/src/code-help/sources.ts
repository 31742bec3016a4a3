import type { CodeHelp } from "@kasbah/runtime";
import type { HttpsError, JwksError, PolicyError, TokenIssuersError } from "../errors.ts";

type SourceCode = (HttpsError | JwksError | PolicyError | TokenIssuersError)["code"];

/** Codes that appear in the log of a running CA, or among its warnings. */
const running = { section: "The running CA" } as const;

/** What the CA reads from files and other servers, and what it reports about them while it runs. */
export const sourceHelp = {
  POLICY_INVALID: {
    ...running,
    exit: 1,
    level: "error",
    cause:
      "the new file of `--policy` is invalid; each problem is listed with its line. The CA keeps using the previous policy. At start it exits with `CONFIG_INVALID` instead; `kasbah policy check` exits with this code",
    fix: "fix it; [`kasbah policy check`](policy.md) validates it without a CA, and explains `DNS_NAME_RESERVED`, `DNS_TEMPLATE_AMBIGUOUS` and [its other findings](policy.md#check-a-policy)",
  },
  TOKEN_ISSUERS_INVALID: {
    ...running,
    level: "error",
    cause:
      "the new file of `--token-issuers` is invalid; each problem is listed with its line. The CA keeps using the previous issuers. At start it exits with `CONFIG_INVALID` instead",
    fix: "fix it; [an example](token-issuers.md#several-issuers) shows every field",
  },
  JWKS_UNUSABLE: {
    ...running,
    level: "error",
    cause:
      "the key set cannot be read or contains no usable key, or the issuer's [discovery document](token-issuers.md#discovery) is not about it; the last valid one stays in use for 24 h",
    fix: "fix the file or the URL",
  },
  HTTPS_FAILED: {
    ...running,
    level: "error",
    cause:
      "a request for a key set or to the API server failed: too slow, too large, [an address that is not allowed](token-issuers.md#allowed-addresses), or no connection through the [proxy](token-issuers.md#proxy)",
    fix: "the message names the reason; `--allow-address` allows an address",
  },
} satisfies Record<SourceCode, CodeHelp>;

/** Conditions of a running CA, which no error class has. */
export const conditionHelp: Readonly<Record<string, CodeHelp>> = {
  CLOCK_SUSPECT: {
    ...running,
    level: "warn",
    cause:
      "the clock of the machine is wrong, or was set; the message says by how much. At the first start: the clock shows a time before the release, so no root is created",
    fix: "set the clock; [if it is right](clock.md#show-and-accept-the-clock), `kasbah clock accept`",
  },
  LEASE_UNAVAILABLE: {
    ...running,
    level: "warn",
    cause: "the Lease cannot be read or renewed, so this replica does not lead",
    fix: "check the API server, and the Role that allows the CA to write the Lease",
  },
  LEDGER_LOST: {
    ...running,
    level: "error",
    cause:
      "the ledger is missing, has no checkpoint, or does not reach the head that the CA recorded elsewhere. The CA goes on issuing with a new ledger, unless `--strict-ledger` is set: then it does not start",
    fix: "examine what is left, then run `kasbah audit accept-loss --reason …`: [KasbahLedgerLoss](runbooks/ledger-loss.md)",
  },
  ROOT_PUBLISHER_CONFLICT: {
    ...running,
    level: "warn",
    cause:
      "another program, or another installation of the CA, manages the root ConfigMap of a namespace, so the CA does not change it there",
    fix: "let only one of them publish it: [KasbahRootNotPublished](runbooks/root-not-published.md)",
  },
};
