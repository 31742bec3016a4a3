export { findingsOf, type InspectFormat, inspect } from "./inspect/inspect.ts";
