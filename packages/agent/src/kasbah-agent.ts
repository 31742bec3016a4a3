import process from "node:process";

// A first argument that is not a flag names a command, which queries the running agent and loads nothing of
// the daemon.
const isCommand = /^[^-]/.test(process.argv[2] ?? "");
await (isCommand ? import("./commands/main.ts") : import("./main.ts"));
