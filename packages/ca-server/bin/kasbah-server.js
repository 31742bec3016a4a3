#!/usr/bin/env node
import { launch } from "@kasbah/runtime/launch";

await launch(new URL("../dist/kasbah-server.mjs", import.meta.url));
