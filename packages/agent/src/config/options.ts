import { type ConfigOf, tracingOptions } from "@kasbah/runtime";
import { caOptions } from "./ca-options.ts";
import { fileOptions } from "./file-options.ts";
import { outputOptions } from "./output/output-options.ts";
import { reloadOptions } from "./output/reload-options.ts";
import { servingOptions } from "./serving-options.ts";

/**
 * All options of `kasbah-agent`. Environment variables and defaults are Istio's where Istio has the option.
 */
export const options = {
  ...caOptions,
  ...servingOptions,
  ...fileOptions,
  ...outputOptions,
  ...reloadOptions,
  ...tracingOptions,
};

export type AgentConfig = ConfigOf<typeof options>;
