import { commonOptions } from "@kasbah/runtime";
import { serverOptions } from "../config.ts";

/** A flag of `kasbah-server`, as charts and commands that write its arguments know it. */
export interface KnownFlag {
  /** Without leading dashes. */
  readonly name: string;
  readonly takesValue: boolean;
  readonly isRepeatable: boolean;
}

/** Every setting of `kasbah-server`, without `--help`, `--version`, `--check-config` and `--config`. */
export function knownFlags(): readonly KnownFlag[] {
  const table = { ...serverOptions({ isRoot: false, env: {} }), ...commonOptions };
  return Object.values(table).map(({ name, arity, spec }) => ({
    name,
    takesValue: spec.flag !== `--${name}`,
    isRepeatable: arity === "repeatable",
  }));
}
