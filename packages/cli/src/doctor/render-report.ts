import { wrapFields } from "../output/wrapped-fields.ts";
import type { AgentFinding, AgentReport } from "./agent-report.ts";

const colours = { critical: "\u001b[31m", warning: "\u001b[33m", ok: "\u001b[32m" } as const;
const plain = "\u001b[0m";

interface RenderOptions {
  /** The machine or the pod. */
  readonly place: string;
  readonly isColoured: boolean;
}

type Paint = (level: keyof typeof colours, text: string) => string;

/** The findings with their fixes, and below them what was in order. */
export function renderDoctor(report: AgentReport, { place, isColoured }: RenderOptions): string {
  const paint: Paint = (level, text) => (isColoured ? `${colours[level]}${text}${plain}` : text);
  const findings = report.findings.map((one) => `\n${findingText(one, paint)}`).join("");
  const checks = report.checks.map(({ state, area, what }) =>
    wrapFields([[state === "ok" ? "ok" : "--", `${area}: ${what}`]]).replace(
      /^ {2}ok/,
      `  ${paint("ok", "ok")}`,
    ),
  );
  return `${headOf(report, place)}${findings}${checks.length === 0 ? "" : `\n${checks.join("")}`}`;
}

function headOf({ findings, checks }: AgentReport, place: string): string {
  const count = (level: string) => findings.filter((one) => one.level === level).length;
  const [broken, warnings] = [count("critical"), count("warning")];
  const parts = [
    ...(broken === 0 ? [] : [`${broken} broken`]),
    ...(warnings === 0 ? [] : [`${warnings} ${warnings === 1 ? "warning" : "warnings"}`]),
  ];
  const passed = checks.filter(({ state }) => state === "ok").length;
  const found = parts.length === 0 ? "nothing is wrong" : parts.join(", ");
  return `${place}: ${found}; ${passed} ${passed === 1 ? "check" : "checks"} passed\n`;
}

function findingText({ level, area, code, what, fix, page = "" }: AgentFinding, paint: Paint): string {
  const mark = level === "critical" ? "BROKEN" : "WARNING";
  const fields = [
    ["what", what],
    ["fix", fix],
    ["see", page],
  ] as const;
  return `${paint(level, mark)} ${area}: ${code}\n${wrapFields(fields)}`;
}
