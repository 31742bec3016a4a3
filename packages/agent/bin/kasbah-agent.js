#!/usr/bin/env node
import { launch } from "@kasbah/runtime/launch";

launch(new URL("../dist/main.js", import.meta.url));
