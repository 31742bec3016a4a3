export { type Command, type ConfigOf, commonOptions } from "./command.ts";
export { type ConfigInput, ConfigInvalidError, type ConfigOutcome, loadConfig } from "./load-config.ts";
export { type Option, type OptionSpec, type OptionTable, option } from "./option.ts";
export * as schema from "./schemas.ts";
export { readYamlDocument, type YamlOutcome } from "./yaml-document.ts";
