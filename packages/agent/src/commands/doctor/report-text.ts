import type { DoctorFinding, DoctorReport } from "../../doctor/report.ts";
import { wrapped } from "../terminal-lines.ts";

const red = "\u001b[31m";
const yellow = "\u001b[33m";
const green = "\u001b[32m";
const plain = "\u001b[0m";

/** Formats a report in lines of at most 80 characters: the findings, and below them what was in order. */
export function doctorText(report: DoctorReport, { isColoured }: { readonly isColoured: boolean }): string {
  const paint = (colour: string, text: string) => (isColoured ? `${colour}${text}${plain}` : text);
  const checks = report.checks.map(({ state, area, what }) => {
    const mark = state === "ok" ? paint(green, "ok") : "--";
    return withMark(mark, `${area}: ${what}`);
  });
  return `${headOf(report)}\n${report.findings.map((one) => `\n${findingText(one, paint)}`).join("")}${
    checks.length === 0 ? "" : `\n${checks.join("")}`
  }`;
}

function headOf({ findings, checks }: DoctorReport): string {
  const count = (level: string) => findings.filter((one) => one.level === level).length;
  const [broken, warnings] = [count("critical"), count("warning")];
  const parts = [
    ...(broken === 0 ? [] : [`${broken} broken`]),
    ...(warnings === 0 ? [] : [`${warnings} ${warnings === 1 ? "warning" : "warnings"}`]),
  ];
  const passed = checks.filter(({ state }) => state === "ok").length;
  const found = parts.length === 0 ? "nothing is wrong" : parts.join(", ");
  return `kasbah-agent doctor: ${found}; ${passed} ${passed === 1 ? "check" : "checks"} passed`;
}

function findingText(
  { level, area, code, what, fix, page }: DoctorFinding,
  paint: (colour: string, text: string) => string,
): string {
  const mark = level === "critical" ? paint(red, "BROKEN") : paint(yellow, "WARNING");
  const see = page === undefined ? "" : wrapped(`see ${page}`, "  ");
  return `${mark} ${area}: ${code}\n${wrapped(what, "  ")}${wrapped(`fix: ${fix}`, "  ")}${see}`;
}

function withMark(mark: string, text: string): string {
  const lines = wrapped(text, "    ");
  return `${mark}  ${lines.slice(4)}`;
}
