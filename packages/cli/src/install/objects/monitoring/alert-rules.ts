import { type RefusalAlert, statusTable } from "@kasbah/ca-server/refusals";
import type { Json } from "../manifest.ts";
import { agentAlerts } from "./agent-alerts.ts";
import type { Alert, Severity } from "./alert.ts";

const expiryBands: readonly (readonly [number, number, Severity])[] = [
  [30, 7, "info"],
  [7, 1, "warning"],
  [1, Number.NEGATIVE_INFINITY, "critical"],
];

/** One rule each for less than 30, 7 and 1 days, of which at most one fires. */
function expiringSoon(name: string, subject: string, seconds: string, consequence = ""): readonly Alert[] {
  const summary =
    `${subject} {{ if lt $value 0.0 }}has expired{{ else }}expires in ` +
    `{{ $value | humanizeDuration }}{{ end }}${consequence}.`;
  return expiryBands.map(([below, above, severity]) => {
    const band = Number.isFinite(above) ? ` >= ${above} * 86400` : "";
    return { name, expr: `${seconds} < ${below} * 86400${band}`, for: "5m", severity, summary };
  });
}

const issuerSecondsLeft =
  '(kasbah_authority_expiry_timestamp{kind!="root"} and kasbah_authority_stage < 3) - time()';

/** The codes whose alert satisfies `isWanted`, as an alternation for a regular expression. */
function codesOf(isWanted: (alert: RefusalAlert) => boolean): string {
  return Object.entries(statusTable)
    .filter(([, { alert }]) => isWanted(alert))
    .map(([code]) => code)
    .join("|");
}

function refusedFor(alert: RefusalAlert, minutes: number): string {
  const codes = codesOf((each) => each === alert);
  return `sum by (namespace, code) (rate(kasbah_refusals{code=~"${codes}"}[${minutes}m])) > 0`;
}

/** Connections per second that ended for one of these reasons, if they are more than certificate requests. */
function failedHandshakes(reasons: string, perSecond: number): string {
  return (
    `sum by (namespace) (rate(kasbah_handshake_failures_total{reason=~"${reasons}"}[5m])) > ${perSecond}` +
    " > sum by (namespace) (rate(citadel_server_csr_count[5m]))"
  );
}

const unauthenticated = "citadel_server_authentication_failure_count";

/** What callers that the CA does not know are up to. */
const clientAlerts: readonly Alert[] = [
  {
    name: "KasbahHandshakeFailures",
    expr: failedHandshakes("unknown_root|expired", 0.05),
    for: "5m",
    severity: "critical",
    summary:
      "More clients reject the CA's own certificate than request one: {{ $value | humanize }} per second.",
  },
  {
    name: "KasbahHandshakeFailures",
    expr: failedHandshakes("unknown_root|expired|closed", 0.5),
    for: "5m",
    severity: "warning",
    summary:
      "More clients leave when they see the CA's own certificate than request one: {{ $value | humanize }} per second.",
  },
  {
    name: "KasbahUnauthenticatedCallers",
    expr:
      `sum by (namespace) (rate(${unauthenticated}[5m])) > 1` +
      ` unless sum by (namespace) (rate(${unauthenticated}[5m]))` +
      ` <= 10 * sum by (namespace) (rate(${unauthenticated}[1d] offset 1h))`,
    for: "5m",
    severity: "warning",
    summary: "{{ $value | humanize }} calls per second fail authentication, far more than usual.",
  },
];

const authorityAlerts: readonly Alert[] = [
  ...expiringSoon("KasbahRootExpiringSoon", "Active root CA", "citadel_server_root_cert_expiry_seconds"),
  ...expiringSoon(
    "KasbahIssuerExpiringSoon",
    "Issuing CA {{ $labels.authority }}",
    issuerSecondsLeft,
    " and no successor is issuing",
  ),
  {
    name: "KasbahRootNotPublished",
    expr: "kasbah_root_publisher_conflicts > 0",
    for: "15m",
    severity: "warning",
    summary: "Another program manages the root CA ConfigMap in {{ $value }} namespaces.",
  },
  {
    name: "KasbahLedgerLoss",
    expr: "kasbah_ledger_lost > 0",
    for: "1m",
    severity: "critical",
    summary: "{{ $labels.pod }} lost its ledger: find out why, then accept the loss.",
  },
  {
    name: "KasbahWrongClock",
    expr: "kasbah_clock_suspect > 0",
    for: "5m",
    severity: "warning",
    summary:
      "{{ $labels.pod }} does not trust the clock of its machine: rotations, key destruction and pruning wait.",
  },
  {
    name: "KasbahWarnings",
    expr: "kasbah_warnings > 0",
    for: "15m",
    severity: "warning",
    summary: "{{ $labels.pod }} reports {{ $value }} warnings; see /healthz/ready.",
  },
];

const volumeLeft = "kasbah_state_volume_free_bytes / (kasbah_state_volume_bytes > 0)";

const spaceAlerts: readonly Alert[] = [
  {
    name: "KasbahLedgerFilling",
    expr: "kasbah_ledger_bytes / (kasbah_ledger_max_bytes > 0) > 0.8",
    for: "15m",
    severity: "warning",
    summary:
      "The ledger of {{ $labels.pod }} takes {{ $value | humanizePercentage }} of its maximum; beyond it, the oldest entries are deleted.",
  },
  {
    name: "KasbahStateDiskFilling",
    expr: `${volumeLeft} < 0.1 >= 0.03`,
    for: "15m",
    severity: "warning",
    summary: "The volume of {{ $labels.pod }} has {{ $value | humanizePercentage }} of its space left.",
  },
  {
    name: "KasbahStateDiskFilling",
    expr: `${volumeLeft} < 0.03`,
    for: "2m",
    severity: "critical",
    summary:
      "The volume of {{ $labels.pod }} has {{ $value | humanizePercentage }} of its space left; when it is full, no certificate is issued.",
  },
];

const callAlerts: readonly Alert[] = [
  {
    name: "KasbahDown",
    expr: "absent(kasbah_authority_epoch)",
    for: "5m",
    severity: "critical",
    summary:
      "No CA replica is reporting metrics. Unless only scraping is broken, no certificates are being issued.",
  },
  {
    name: "KasbahCannotIssue",
    expr: refusedFor("KasbahCannotIssue", 5),
    for: "5m",
    severity: "critical",
    summary: "Valid certificate requests are failing: {{ $labels.code }}.",
  },
  {
    name: "KasbahAuthenticatorUnavailable",
    expr: refusedFor("KasbahAuthenticatorUnavailable", 5),
    for: "5m",
    severity: "critical",
    summary: "Callers cannot be authenticated: the Kubernetes API or a JWKS endpoint is failing.",
  },
  {
    name: "KasbahOverloaded",
    expr: refusedFor("KasbahOverloaded", 5),
    for: "10m",
    severity: "warning",
    summary: "The CA is rejecting calls because too many are in flight.",
  },
  {
    name: "KasbahHighRefusalRate",
    expr:
      `sum by (namespace) (rate(kasbah_refusals{code!~"${codesOf((alert) => alert !== "KasbahHighRefusalRate")}"}[10m]))` +
      " / sum by (namespace) (rate(citadel_server_csr_count[10m])) > 0.1",
    for: "15m",
    severity: "warning",
    summary: "{{ $value | humanizePercentage }} of certificate requests are refused.",
  },
];

/**
 * The rule groups for Prometheus.
 *
 * @param runbookUrl where the pages of `docs/runbooks` are published; if empty, each alert names its page in
 * the repository
 */
export function alertGroups(runbookUrl: string): readonly Json[] {
  const group = (name: string, alerts: readonly Alert[]) => ({
    name,
    rules: alerts.map((alert) => ruleOf(alert, runbookUrl)),
  });
  return [
    group("kasbah-authorities", authorityAlerts),
    group("kasbah-space", spaceAlerts),
    group("kasbah-calls", callAlerts),
    group("kasbah-clients", clientAlerts),
    group("kasbah-agents", agentAlerts),
  ];
}

function ruleOf({ name, expr, for: pending, severity, summary }: Alert, runbookUrl: string): Json {
  const page = pageOf(name);
  const runbook =
    runbookUrl === "" ? { runbook: `docs/runbooks/${page}` } : { runbook_url: `${runbookUrl}/${page}` };
  return { alert: name, expr, for: pending, labels: { severity }, annotations: { summary, ...runbook } };
}

/** The page of an alert in `docs/runbooks`: KasbahRootExpiringSoon has root-expiring-soon.md. */
function pageOf(alert: string): string {
  const words = alert.replace(/^Kasbah/, "").replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return `${words.slice(1)}.md`;
}
