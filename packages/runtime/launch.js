// Starts a command on a supported Node. The syntax is limited to what Node 20 parses, because Node 20 may run
// this file first.
import { spawn } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { isUnbroken, lineageToNpm } from "./ancestors.js";

const here = fileURLToPath(import.meta.url);
const manifest = JSON.parse(readFileSync(new URL("package.json", import.meta.url), "utf8"));
const { engines } = manifest;
const floor = engines.node.replace(/^>=/, "");

/**
 * Runs the module at `main` in this process if this Node satisfies `engines` in package.json. Otherwise runs
 * the command again with the Node that npm installed, and forwards signals and the exit code.
 *
 * Some options of Node and variables of the C library have no effect once a process runs. If the process has
 * not been started with `nodeOptions`, it replaces itself: the process ID stays, and the start takes 25 ms longer.
 * What an operator has set, in NODE_OPTIONS or another variable, takes precedence.
 *
 * If the parents that only wait for this process are killed, it stops: the launcher, and npm with its shell. After
 * the launcher's death it ends within `killAfterMs`, so that the next start finds its sockets free.
 */
export async function launch(main, { nodeOptions = [], env = {}, killAfterMs } = {}) {
  // Without a listener, SIGUSR1 makes Node open its debugger, a port through which every key can be read.
  process.on("SIGUSR1", () => {});
  keepMemoryOutOfCoreDumps();
  if (isAtLeast(process.versions.node, floor)) {
    replaceProcess(nodeOptions, env);
    stopWithParents(killAfterMs);
    await import(main.href);
    return;
  }
  const pinned = findPinnedNode();
  if (pinned === undefined) {
    process.stderr.write(
      `${basenameOf(process.argv[1])} requires Node ${floor} or newer, but this is ${process.versions.node}: ` +
        `install a newer Node${manifest.private ? ", or run npm ci in the project, which installs one" : ""}.\n`,
    );
    process.exit(2);
  }
  runAgainWith(pinned);
}

/** Does not return if it replaces the process. */
function replaceProcess(nodeOptions, env) {
  const missing = nodeOptions.filter(
    (option) => !process.execArgv.includes(option) && !isInEnvironment(option),
  );
  if (missing.length === 0 && Object.keys(env).every((name) => name in process.env)) return;
  // Node before 24 and Windows have no such call, and run without the options.
  if (process.execve === undefined || process.platform === "win32") return;
  const args = [process.argv0, ...missing, ...process.execArgv, ...process.argv.slice(1)];
  try {
    process.execve(process.execPath, args, { ...env, ...process.env });
  } catch {
    // Node's permission model forbids it without --allow-child-process. The options only save memory.
  }
}

/** How often a process looks whether its parents live. The kernel tells no one when a parent dies. */
const lookEveryMs = 200;

/** npm passes a signal on to its shell only, and no one can pass on SIGKILL. */
function stopWithParents(killAfterMs) {
  const launcher = process.env.KASBAH_LAUNCHER;
  // A command that this process starts has another parent.
  delete process.env.KASBAH_LAUNCHER;
  const parent = launcher === undefined ? process.ppid : Number(launcher);
  const toNpm = process.env.npm_lifecycle_event === undefined ? [] : lineageToNpm(process.pid, parent);
  const toLauncher = launcher === undefined ? [] : [{ pid: process.pid, parent }];
  const lines = toNpm.length > 0 ? toNpm : toLauncher;
  if (lines.length === 0) return;
  const timer = setInterval(() => {
    if (isUnbroken(lines, process.ppid)) return;
    clearInterval(timer);
    process.kill(process.pid, "SIGTERM");
    const isKilled = launcher !== undefined && process.ppid !== parent && killAfterMs !== undefined;
    if (isKilled) setTimeout(() => process.kill(process.pid, "SIGKILL"), killAfterMs).unref();
  }, lookEveryMs);
  timer.unref();
}

/** Whether NODE_OPTIONS sets the option: Node would prefer the command line, and accepts both spellings. */
function isInEnvironment(option) {
  const nameOf = (text) => text.replaceAll("_", "-").split("=")[0];
  return (process.env.NODE_OPTIONS ?? "").split(/\s+/).some((one) => nameOf(one) === nameOf(option));
}

/**
 * V8 aborts when its heap is full, and a core dump would hold every private key. The filter (core(5)) needs no
 * privilege, and unlike a limit of the size it also applies if `core_pattern` names a program.
 */
function keepMemoryOutOfCoreDumps() {
  try {
    writeFileSync("/proc/self/coredump_filter", "0");
  } catch {
    // Only Linux has this file, and a container may hide /proc.
  }
}

function isAtLeast(version, wanted) {
  const [have, want] = [version, wanted].map((text) =>
    text.split(".").map((part) => Number.parseInt(part, 10)),
  );
  for (let i = 0; i < want.length; i++) if (have[i] !== want[i]) return have[i] > want[i];
  return true;
}

function findPinnedNode() {
  const { platform, arch } = process;
  return [`node-${platform}-${arch}`, `node-bin-${platform}-${arch}`]
    .map(binaryOf)
    .find((path) => path !== undefined && existsSync(path));
}

/** The program in one of npm's packages with a Node for one platform, unless it is too old as well. */
function binaryOf(name) {
  try {
    const found = createRequire(here).resolve(`${name}/package.json`);
    const { version } = JSON.parse(readFileSync(found, "utf8"));
    return isAtLeast(version, floor) ? join(dirname(found), "bin", "node") : undefined;
  } catch {
    return undefined;
  }
}

function runAgainWith(node) {
  // The variable tells the command that its parent only waits for it, so that it stops when that parent is killed.
  const env = { ...process.env, KASBAH_LAUNCHER: String(process.pid) };
  const child = spawn(node, process.argv.slice(1), { stdio: "inherit", env });
  // Not SIGUSR1: if it arrived before the command listens, Node would open its debugger.
  const forwarded = [
    "SIGTERM",
    "SIGHUP",
    "SIGQUIT",
    "SIGUSR2",
    "SIGINT",
    "SIGALRM",
    "SIGVTALRM",
    "SIGIO",
    "SIGPWR",
  ];
  for (const signal of forwarded) {
    process.on(signal, () => {
      // A terminal sends Ctrl-C to the child as well, and a second one means "exit immediately".
      if (signal === "SIGINT" && process.stdin.isTTY) return;
      child.kill(signal);
    });
  }
  child.on("error", (error) => {
    process.stderr.write(`cannot run ${node}: ${error.message}\n`);
    process.exit(1);
  });
  child.on("exit", (code, signal) => {
    if (signal === null) process.exit(code);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

function basenameOf(path) {
  return path.slice(path.lastIndexOf("/") + 1);
}
