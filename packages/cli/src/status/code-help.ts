import type { CodeHelp } from "@kasbah/runtime";

const finding = { section: "Findings of kasbah status" } as const;

/** The findings of `kasbah status` that are no code of the CA. */
export const statusCodeHelp = {
  CA_DOWN: {
    ...finding,
    cause: "no CA answers; further findings name what keeps it from starting",
    fix: "fix those, then start it: [KasbahDown](runbooks/down.md)",
  },
  CA_NOT_READY: {
    ...finding,
    cause: "the CA is not ready and gives no reason, or cannot be asked for it",
    fix: "look at its log: [Troubleshooting](troubleshooting.md)",
  },
  PORT_CLOSED: {
    ...finding,
    cause: "the gRPC port is not open, or no worker process serves it",
    fix: "the CA's log names the reason; restart the CA if it lasts",
  },
  CALLERS_UNKNOWN: {
    ...finding,
    cause: "the CA cannot authenticate any caller",
    fix: "repair the source that the reason names: [KasbahAuthenticatorUnavailable](runbooks/authenticator-unavailable.md)",
  },
  CA_WARNING: {
    ...finding,
    cause: "another condition that the CA reports",
    fix: "[KasbahWarnings](runbooks/warnings.md) lists them",
  },
  CA_NOT_TRUSTED: {
    ...finding,
    cause: "clients reject the CA's own certificate, or leave when they see it",
    fix: "compare their root files and their clocks with the CA's: [KasbahHandshakeFailures](runbooks/handshake-failures.md)",
  },
  STATUS_INCOMPLETE: {
    ...finding,
    cause: "a part of the report is unknown: a permission is missing, or the CA has an earlier release",
    fix: "run the command as the user of the CA, or with [the role](remote.md); upgrade the CA",
  },
  ROOT_EXPIRED: {
    ...finding,
    cause: "the root that signs has expired, so the CA issues nothing",
    fix: "[Expired root](runbooks/expired-root.md)",
  },
  INTERMEDIATE_EXPIRED: {
    ...finding,
    cause: "the intermediate that signs has expired, so the CA issues nothing",
    fix: "the CA creates a new one by itself; if it was plugged in, replace its files: [Recover](recover.md)",
  },
  ROOT_NOT_YET_VALID: {
    ...finding,
    cause: "the root was created while the clock was ahead, or the clock is behind now",
    fix: "set the clock; if it is right, `kasbah clock accept` replaces the root",
  },
  INTERMEDIATE_NOT_YET_VALID: {
    ...finding,
    cause: "the intermediate was created while the clock was ahead, or the clock is behind now",
    fix: "set the clock; if it is right, `kasbah clock accept`",
  },
  ROOT_EXPIRES_SOON: {
    ...finding,
    cause:
      "the root that signs expires within 30 days, or critically within 7; for short lifetimes within a fourth and an eighth of it",
    fix: "rotate it: [KasbahRootExpiringSoon](runbooks/root-expiring-soon.md)",
  },
  INTERMEDIATE_EXPIRES_SOON: {
    ...finding,
    cause: "the same for an intermediate",
    fix: "rotate it: [KasbahIssuerExpiringSoon](runbooks/issuer-expiring-soon.md)",
  },
  NO_SIGNER: {
    ...finding,
    cause: "no authority signs certificates",
    fix: "[Recover](recover.md) has the command for each state",
  },
  ROTATIONS_PAUSED: {
    ...finding,
    cause: "an operator paused rotations",
    fix: "`kasbah authority resume`",
  },
  ROTATIONS_HELD: {
    ...finding,
    cause: "a rotation was aborted, or an authority recalled, so no rotation starts automatically",
    fix: "`kasbah authority resume`",
  },
  ROTATIONS_MANUAL: {
    ...finding,
    cause: "a note: rotations start only on command (`--root-rotation manual`)",
    fix: "rotate before an authority expires",
  },
  ROOT_NOT_HELD: {
    ...finding,
    cause: "a rotation of the root waits for clients that have not shown that they hold the new root",
    fix: "add it to their root files: [Rotation](rotation.md)",
  },
  RESTORED: { ...finding, cause: "a note: the CA was restored from a backup", fix: "nothing" },
  IDENTITIES_EXPIRE_SOON: {
    ...finding,
    cause:
      "identities were not renewed for three quarters of the lifetime; a note if they are few, because those of deleted workloads expire",
    fix: "look at their agents' logs: [KasbahCertificateNotRenewed](runbooks/certificate-not-renewed.md)",
  },
  DISK_FULL: {
    ...finding,
    cause: "the volume of the state directory is full, so the CA can record nothing and issues nothing",
    fix: "[free or add space](runbooks/disk-full.md)",
  },
  DISK_FILLING: {
    ...finding,
    cause: "less than a tenth of the volume is left, or critically less than 3 %",
    fix: "enlarge it, or delete files that are not the CA's",
  },
  LEDGER_FILLING: {
    ...finding,
    cause: "the ledger takes more than 80 % of its maximum, at which the CA deletes its oldest entries",
    fix: "enlarge the volume, or shorten `--ledger-retention`",
  },
  CLOCKS_DIFFER: {
    ...finding,
    cause: "the clocks of two replicas differ by more than a minute",
    fix: "synchronize the clocks of the nodes",
  },
  OWN_CLOCK_DIFFERS: {
    ...finding,
    cause: "a note: the clock of the operator's machine differs from the CA's",
    fix: "set it",
  },
  REPLICA_DOWN: {
    ...finding,
    cause: "a replica does not answer, while others do",
    fix: "look at its pod and its last log: [KasbahDown](runbooks/down.md)",
  },
  ROOTS_DIFFER: {
    ...finding,
    cause: "replicas sign under different roots",
    fix: "keep the one that the workloads trust: [Two roots](install.md#two-roots)",
  },
  STATES_DIFFER: {
    ...finding,
    cause: "replicas have different states of the authorities, which is normal for moments",
    fix: "if it lasts longer than a minute, look at the log of the one that is behind",
  },
  NO_LEADER: {
    ...finding,
    cause: "no replica leads, so rotations and changes wait",
    fix: "if it lasts longer than a minute, check the API server and the Lease",
  },
  SEVERAL_LEADERS: {
    ...finding,
    cause: "two replicas lead, which is normal for moments",
    fix: "if it lasts longer than a minute, check the clocks of the nodes and the Lease",
  },
  RELEASES_DIFFER: {
    ...finding,
    cause: "a note: the replicas run different releases",
    fix: "nothing during an upgrade; otherwise complete it",
  },
} satisfies Record<string, CodeHelp>;
