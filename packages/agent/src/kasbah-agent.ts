import process from "node:process";

// A first argument that is no flag names a command, which asks the agent that runs: nothing of the daemon is loaded for it.
const isCommand = /^[^-]/.test(process.argv[2] ?? "");
await (isCommand ? import("./commands/main.ts") : import("./main.ts"));
