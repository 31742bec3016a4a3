import { writeFile } from "node:fs/promises";

const script = `#!/bin/sh
here=$(dirname "$0")
echo "$@" >> "$here/calls"
case "$*" in
  *refused*apply*) echo "error: the server said no" >&2; exit 1 ;;
  *"get namespaces"*) cat "$here/foreign" 2>/dev/null || true ;;
  *"get configmaps"*) ;;
  *apply*) cat >> "$here/applied" ;;
  *"get "*) grep -c '^kind:' > "$here/asked"; cat "$here/found" 2>/dev/null ;;
  *api-resources*) echo prometheusrules.monitoring.coreos.com ;;
  *delete*) echo "deleted $#" ;;
esac
`;

/**
 * A kubectl that records its arguments in `calls` and its input in `applied`, and answers `get` with the
 * content of `found`. It refuses to apply if an argument contains "refused".
 */
export async function writeFakeKubectl(path: string): Promise<void> {
  await writeFile(path, script, { mode: 0o755 });
}
