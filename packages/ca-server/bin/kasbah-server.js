#!/usr/bin/env node
import { launch } from "@kasbah/runtime/launch";

// Without these, V8 and the C library would grow to twice the memory that the CA needs before they reuse any: docs/adr/0018.
await launch(new URL("../dist/kasbah-server.mjs", import.meta.url), {
  nodeOptions: ["--max-semi-space-size=4", "--heap-growing-percent=40"],
  env: { MALLOC_ARENA_MAX: "1" },
  killAfterMs: 600,
});
