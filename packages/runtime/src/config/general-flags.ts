/** What every command understands beside its settings. */
export const generalFlags = [
  { flag: "--config <file>", help: "YAML file with these settings [env: KASBAH_CONFIG]" },
  {
    flag: "--check-config",
    help: "say whether the configuration is valid and what it comes to, then exit",
  },
  { flag: "-h, --help", help: "show this text" },
  { flag: "--version", help: "show the version" },
] as const;

/** The name of a flag as `--help` writes it, and whether it takes a value: `--config <file>` or `-h, --help`. */
export function parseFlag(flag: string): { readonly name: string; readonly takesValue: boolean } {
  const [, name = "", value] = /--([a-z0-9-]+)( <.+>)?$/.exec(flag) ?? [];
  return { name, takesValue: value !== undefined };
}
