#!/usr/bin/env node
import { launch } from "@kasbah/runtime/launch";

// Without the first two and the variable, V8 and the C library would grow to twice the memory that the CA needs before they
// reuse any. With the third, V8 optimizes a function after 1,000 calls instead of 3,000: docs/adr/0018.
await launch(new URL("../dist/kasbah-server.mjs", import.meta.url), {
  nodeOptions: [
    "--max-semi-space-size=4",
    "--heap-growing-percent=40",
    "--invocation-count-for-turbofan=1000",
  ],
  env: { MALLOC_ARENA_MAX: "1" },
  killAfterMs: 600,
});
