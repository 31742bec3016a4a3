import type { ProbeAnswer } from "@kasbah/runtime/grpc-http2";
import { roughDuration } from "../../secret/validity.ts";
import { critical, type DoctorFinding, type Observation, passed, warning } from "../report.ts";

/** Certificates are backdated by at least 30 s and at most two minutes, so a smaller offset does no harm. */
const noticeMs = 10_000;
const harmfulMs = 120_000;
/** The header has whole seconds. */
const roundingMs = 500;

/** How far the CA's clock is ahead of the local clock; undefined if the CA sends no time. */
export function clockOffsetOf(time: ProbeAnswer["time"]): number | undefined {
  if (time === undefined) return undefined;
  const middle = (time.sentAt.getTime() + time.receivedAt.getTime()) / 2;
  return time.server.getTime() + roundingMs - middle;
}

export function judgeOffset(time: ProbeAnswer["time"]): readonly Observation[] {
  const offsetMs = clockOffsetOf(time);
  if (offsetMs === undefined) return [];
  if (Math.abs(offsetMs) >= noticeMs) return [clockFinding(offsetMs, "by the time that the CA sends")];
  return [passed("clock", "the local clock and the CA's differ by less than 10 s")];
}

/** `basis` says where the offset is known from, `consequence` what it causes. */
export function clockFinding(offsetMs: number, basis: string, consequence?: string): DoctorFinding {
  const isAhead = offsetMs < 0;
  const difference = roughOffset(Math.abs(offsetMs));
  const more = consequence === undefined ? "" : `; therefore: ${consequence}`;
  const what = `the local clock is ${difference} ${isAhead ? "ahead of" : "behind"} the CA's, ${basis}${more}`;
  const fix =
    "set the local clock, and check its time service (timedatectl, chronyc tracking); if the CA's clock is the wrong one, see docs/clock.md";
  const report = Math.abs(offsetMs) >= harmfulMs ? critical : warning;
  return report("clock", isAhead ? "CLOCK_AHEAD" : "CLOCK_BEHIND", { what, fix, page: "docs/clock.md" });
}

function roughOffset(ms: number): string {
  return ms < 120_000 ? `${Math.round(ms / 1_000)} s` : roughDuration(ms + 30_000);
}
