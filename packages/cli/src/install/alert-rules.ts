import type { Json } from "./manifest.ts";

type Severity = "info" | "warning" | "critical";

interface Alert {
  readonly name: string;
  readonly expr: string;
  readonly for: string;
  readonly severity: Severity;
  readonly summary: string;
}

const days: readonly (readonly [number, number, Severity])[] = [
  [30, 7, "info"],
  [7, 1, "warning"],
  [1, Number.NEGATIVE_INFINITY, "critical"],
];

/** One alert for each of 30, 7 and 1 days, of which one fires at a time. */
function endsSoon(name: string, seconds: string, summary: string): readonly Alert[] {
  return days.map(([below, above, severity]) => {
    const band = Number.isFinite(above) ? ` >= ${above} * 86400` : "";
    return { name, expr: `${seconds} < ${below} * 86400${band}`, for: "5m", severity, summary };
  });
}

const issuer = '(kasbah_authority_expiry_timestamp{kind!="root"} and kasbah_authority_stage < 3) - time()';
/** Outages and load have alerts of their own, which say more. */
const ownTrouble = "AUTHENTICATOR_UNAVAILABLE|ISSUER_UNAVAILABLE|LEDGER_UNAVAILABLE|LINT_FAILED|OVERLOADED";
const refused = (codes: string, minutes: number) =>
  `sum by (namespace, code) (rate(kasbah_refusals{code=~"${codes}"}[${minutes}m])) > 0`;

const authorityAlerts: readonly Alert[] = [
  ...endsSoon(
    "KasbahRootEndsSoon",
    "citadel_server_root_cert_expiry_seconds",
    "The root that signs ends in {{ $value | humanizeDuration }}.",
  ),
  ...endsSoon(
    "KasbahIssuerEndsSoon",
    issuer,
    "{{ $labels.authority }} ends in {{ $value | humanizeDuration }}, and has no successor that signs.",
  ),
  {
    name: "KasbahRootNotPublished",
    expr: "kasbah_root_publisher_conflicts > 0",
    for: "15m",
    severity: "warning",
    summary: "Another program writes the root of {{ $value }} namespaces.",
  },
  {
    name: "KasbahWarnings",
    expr: "kasbah_warnings > 0",
    for: "15m",
    severity: "warning",
    summary: "{{ $labels.pod }} has {{ $value }} warnings; /healthz/ready names them.",
  },
];

const callAlerts: readonly Alert[] = [
  {
    name: "KasbahDown",
    expr: "absent(kasbah_authority_epoch)",
    for: "5m",
    severity: "critical",
    summary: "No CA is seen: no workload gets a new certificate.",
  },
  {
    name: "KasbahCannotIssue",
    expr: refused("ISSUER_UNAVAILABLE|LEDGER_UNAVAILABLE|LINT_FAILED", 5),
    for: "5m",
    severity: "critical",
    summary: "Good calls get no certificate: {{ $labels.code }}.",
  },
  {
    name: "KasbahAuthenticatorUnavailable",
    expr: refused("AUTHENTICATOR_UNAVAILABLE", 5),
    for: "5m",
    severity: "critical",
    summary: "Callers cannot be known: the Kubernetes API, or the source of a key set, gives no verdict.",
  },
  {
    name: "KasbahOverloaded",
    expr: refused("OVERLOADED", 5),
    for: "10m",
    severity: "warning",
    summary: "Calls are turned away unread, because too many are under way.",
  },
  {
    name: "KasbahRefusals",
    expr:
      `sum by (namespace) (rate(kasbah_refusals{code!~"${ownTrouble}"}[10m]))` +
      " / sum by (namespace) (rate(citadel_server_csr_count[10m])) > 0.1",
    for: "15m",
    severity: "warning",
    summary: "{{ $value | humanizePercentage }} of the calls are refused.",
  },
  {
    name: "KasbahLeafNotRotated",
    expr: 'kasbah_agent_secret_state{state=~"stale|expired"} == 1',
    for: "10m",
    severity: "warning",
    summary: "The certificate of {{ $labels.namespace }}/{{ $labels.pod }} is {{ $labels.state }}.",
  },
];

/** The groups of Prometheus' rules. @param runbookUrl where the pages of `docs/runbooks` are */
export function alertGroups(runbookUrl: string): readonly Json[] {
  const group = (name: string, alerts: readonly Alert[]) => ({
    name,
    rules: alerts.map((alert) => ruleOf(alert, runbookUrl)),
  });
  return [group("kasbah-authorities", authorityAlerts), group("kasbah-calls", callAlerts)];
}

function ruleOf({ name, expr, for: pending, severity, summary }: Alert, runbookUrl: string): Json {
  return {
    alert: name,
    expr,
    for: pending,
    labels: { severity },
    annotations: { summary, runbook_url: `${runbookUrl}/${pageOf(name)}` },
  };
}

/** The page of an alert in `docs/runbooks`: KasbahRootEndsSoon is root-ends-soon.md. */
function pageOf(alert: string): string {
  const words = alert.replace(/^Kasbah/, "").replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return `${words.slice(1)}.md`;
}
