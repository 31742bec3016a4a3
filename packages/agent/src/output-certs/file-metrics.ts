import { Counter, type Registry } from "@kasbah/runtime";

/** Metrics of the files and of the command that runs after them. */
export interface FileMetrics {
  readonly writes: Counter<"result">;
  readonly repairs: Counter;
  readonly runs: Counter<"result">;
}

/** Registers the metrics. Every result starts at 0, so that the first failure is an increase. */
export function createFileMetrics(registry: Registry): FileMetrics {
  const registers = [registry];
  const counter = (name: string, help: string) =>
    new Counter({ name, help, labelNames: ["result"], registers });
  const writes = counter("kasbah_agent_output_certs_writes", "Sets of files written, by result.");
  const repairs = new Counter({
    name: "kasbah_agent_output_certs_repairs",
    help: "Times the files were repaired because another program had changed them.",
    registers,
  });
  const runs = counter(
    "kasbah_agent_on_rotate_runs",
    "Attempts to make applications load new files, by --on-rotate or --signal, by result.",
  );
  for (const result of ["ok", "failed"]) writes.inc({ result }, 0);
  for (const result of ["ok", "failed", "timeout"]) runs.inc({ result }, 0);
  return { writes, repairs, runs };
}
