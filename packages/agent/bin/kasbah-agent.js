#!/usr/bin/env node
import { launch } from "@kasbah/runtime/launch";

await launch(new URL("../dist/kasbah-agent.mjs", import.meta.url), { killAfterMs: 600 });
