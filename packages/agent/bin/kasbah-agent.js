#!/usr/bin/env node
import { launch } from "@kasbah/runtime/launch";

// A first argument that is no flag names a command, which asks the agent that runs: nothing of the daemon is loaded for it.
const isCommand = /^[^-]/.test(process.argv[2] ?? "");
await launch(new URL(isCommand ? "../dist/commands/main.js" : "../dist/main.js", import.meta.url));
