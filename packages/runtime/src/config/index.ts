export { closestName } from "./closest-name.ts";
export { type Command, type ConfigOf, commonOptions, daemonExitCodes } from "./command.ts";
export { ConfigInvalidError } from "./config-invalid-error.ts";
export { type Option, type OptionSpec, type OptionTable, option } from "./option.ts";
export { publicEnvironment } from "./public-environment.ts";
export type { ConfigOutcome } from "./resolve-config.ts";
export type { Reading, Schema } from "./schema.ts";
export * as schema from "./schemas.ts";
