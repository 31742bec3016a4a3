import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";

/**
 * The number of processors that this process may keep busy: those it may run on, or fewer if its control group has a
 * quota of processor time, as a container with a limit has.
 */
export function readProcessors(): number {
  const quotas = [
    parseQuotaV2(readText("/sys/fs/cgroup/cpu.max")),
    parseQuotaV1(
      readText("/sys/fs/cgroup/cpu/cpu.cfs_quota_us"),
      readText("/sys/fs/cgroup/cpu/cpu.cfs_period_us"),
    ),
  ];
  const quota = Math.min(...quotas.map((each) => each ?? Number.POSITIVE_INFINITY));
  return Math.max(1, Math.min(availableParallelism(), Math.floor(quota)));
}

/** Processors in the text of `cpu.max`, such as `150000 100000`; undefined without a quota. */
export function parseQuotaV2(text: string): number | undefined {
  const [, quota, period] = /^(\d+) (\d+)\s*$/.exec(text) ?? [];
  return ratioOf(quota, period);
}

/** Processors in the texts of the two files of cgroup v1, whose quota is -1 if there is none. */
export function parseQuotaV1(quota: string, period: string): number | undefined {
  return ratioOf(/^\d+(?=\s*$)/.exec(quota)?.[0], /^\d+(?=\s*$)/.exec(period)?.[0]);
}

function ratioOf(quota: string | undefined, period: string | undefined): number | undefined {
  const ratio = Number(quota) / Number(period);
  return Number.isFinite(ratio) && ratio > 0 ? ratio : undefined;
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
