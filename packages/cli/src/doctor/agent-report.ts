import { z } from "zod";

// What an agent prints. Another release, or a pod that an attacker controls, may print anything.
const text = z.string().max(8_192);
const area = z.string().regex(/^[a-z]{1,20}$/);

const finding = z.object({
  level: z.enum(["warning", "critical"]),
  area,
  code: z.string().regex(/^[A-Z][A-Z0-9_]{1,60}$/),
  what: text,
  fix: text,
  page: text.optional(),
});

const schema = z.object({
  version: text,
  checkedAt: text,
  level: z.enum(["ok", "warning", "critical"]),
  findings: z.array(finding).max(100),
  checks: z.array(z.object({ area, state: z.enum(["ok", "skipped"]), what: text })).max(100),
  facts: z.object({
    spiffeId: text.optional(),
    roots: z.array(z.object({ fingerprint: z.string().regex(/^[0-9a-f]{64}$/), notAfter: text })).max(1_000),
  }),
});

/** The report of `kasbah-agent doctor`, with what was found besides. */
export type AgentReport = z.output<typeof schema>;
export type AgentFinding = AgentReport["findings"][number];

const mostText = 1 << 20;

/** Undefined if the text is not the report of a doctor. */
export function parseAgentReport(text: string): AgentReport | undefined {
  if (text.length > mostText) return undefined;
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** The report with more findings, the worst first. */
export function withFindings(report: AgentReport, more: readonly AgentFinding[]): AgentReport {
  const isNew = ({ code }: AgentFinding) => report.findings.every((one) => one.code !== code);
  const findings = [...report.findings, ...more.filter(isNew)].sort(
    (one, other) => rank[one.level] - rank[other.level],
  );
  return { ...report, findings, level: findings[0]?.level ?? "ok" };
}

const rank = { critical: 0, warning: 1 } as const;

export const doctorExitCodes = { ok: 0, warning: 3, critical: 4 } as const;
