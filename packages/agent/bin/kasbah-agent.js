#!/usr/bin/env node
import { launch } from "@kasbah/runtime/launch";

await launch(new URL("../dist/main.js", import.meta.url));
