export { type ConfigInput, loadConfig } from "../load-config.ts";
export { type DocumentSchema, readYamlDocument, type YamlOutcome } from "./document.ts";
