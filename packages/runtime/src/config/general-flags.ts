/** Flags that every command supports in addition to its settings. */
export const generalFlags = [
  { flag: "--config <file>", help: "YAML file with these settings [env: KASBAH_CONFIG]" },
  {
    flag: "--check-config",
    help: "print whether the configuration is valid and the resulting values, then exit",
  },
  { flag: "-h, --help", help: "show this help" },
  { flag: "--version", help: "show the version" },
] as const;

/**
 * Splits a flag as written by `--help`, such as `--config <file>` or `-h, --help`, into its name and whether
 * it takes a value.
 */
export function parseFlag(flag: string): { readonly name: string; readonly takesValue: boolean } {
  const [, name = "", value] = /--([a-z0-9-]+)( <.+>)?$/.exec(flag) ?? [];
  return { name, takesValue: value !== undefined };
}
