import { readdir, readFile } from "node:fs/promises";
import { headOf, sampleLine } from "./exposition.ts";
import type { MetricHome } from "./metric.ts";

type Numbers = Readonly<Record<string, number | undefined>>;

/** Name, help and type of Prometheus's process metrics and of those that Node adds. */
const definitions = [
  ["process_cpu_user_seconds_total", "User CPU time in seconds.", "counter"],
  ["process_cpu_system_seconds_total", "System CPU time in seconds.", "counter"],
  ["process_cpu_seconds_total", "User and system CPU time in seconds.", "counter"],
  ["process_start_time_seconds", "Start time of the process, in seconds since the Unix epoch.", "gauge"],
  ["process_resident_memory_bytes", "Resident memory in bytes.", "gauge"],
  ["process_virtual_memory_bytes", "Virtual memory in bytes.", "gauge"],
  ["process_heap_bytes", "Data segment of the process in bytes.", "gauge"],
  ["process_open_fds", "Open file descriptors.", "gauge"],
  ["process_max_fds", "Maximum number of open file descriptors.", "gauge"],
  ["nodejs_heap_size_total_bytes", "V8's heap in bytes.", "gauge"],
  ["nodejs_heap_size_used_bytes", "V8's heap in use, in bytes.", "gauge"],
  ["nodejs_external_memory_bytes", "Memory of V8 objects outside the heap, in bytes.", "gauge"],
  ["nodejs_eventloop_utilization", "Share of time that the event loop was busy since the start.", "gauge"],
] as const;

/** Registers the metrics of this process. They are read at each scrape and cost nothing in between. */
export function registerProcessMetrics(registry: MetricHome): void {
  let reading: Promise<Numbers> | undefined;
  const read = () => {
    // One reading serves the whole scrape, so that all of its values belong to the same moment.
    reading ??= readProcess().finally(() => {
      reading = undefined;
    });
    return reading;
  };
  for (const [name, help, type] of definitions) {
    const definition = { name, help, type, labelNames: [] };
    const render = async () => {
      const value = (await read())[name];
      return value === undefined ? "" : headOf(definition) + sampleLine(name, {}, value);
    };
    registry.register({ definition, render });
  }
}

async function readProcess(): Promise<Numbers> {
  const { user, system } = process.cpuUsage();
  const memory = process.memoryUsage();
  return {
    process_cpu_user_seconds_total: user / 1e6,
    process_cpu_system_seconds_total: system / 1e6,
    process_cpu_seconds_total: (user + system) / 1e6,
    process_start_time_seconds: Math.round(performance.timeOrigin / 1000),
    process_resident_memory_bytes: memory.rss,
    ...(await readProc()),
    nodejs_heap_size_total_bytes: memory.heapTotal,
    nodejs_heap_size_used_bytes: memory.heapUsed,
    nodejs_external_memory_bytes: memory.external,
    nodejs_eventloop_utilization: performance.eventLoopUtilization().utilization,
  };
}

/** Values that only Linux provides; empty elsewhere. */
async function readProc(): Promise<Numbers> {
  const file = (name: string) => readFile(`/proc/self/${name}`, "utf8").catch(() => "");
  const [status, limits, open] = await Promise.all([
    file("status"),
    file("limits"),
    readdir("/proc/self/fd").catch(() => undefined),
  ]);
  const kib = (name: string) => numberIn(new RegExp(`^${name}:\\s+(\\d+) kB`, "m"), status, 1024);
  return {
    process_virtual_memory_bytes: kib("VmSize"),
    process_heap_bytes: kib("VmData"),
    process_open_fds: open?.length,
    process_max_fds: numberIn(/^Max open files\s+(\d+)/m, limits, 1),
  };
}

function numberIn(pattern: RegExp, text: string, unit: number): number | undefined {
  const [, digits] = pattern.exec(text) ?? [];
  return digits === undefined ? undefined : Number(digits) * unit;
}
