import { writeFile } from "node:fs/promises";

const script = `#!/bin/sh
here=$(dirname "$0")
echo "$@" >> "$here/calls"
case "$*" in
  *unreachable*)
    for n in 1 2 3; do echo 'E1130 12:00:00.000000 7 memcache.go:265] "Unhandled Error" err="refused"' >&2; done
    echo "The connection to the server localhost:8080 was refused" >&2; exit 1 ;;
  *refused*apply*) echo "error: the server said no" >&2; exit 1 ;;
  *"get namespaces"*) cat "$here/foreign" 2>/dev/null || true ;;
  *"get configmaps"*) ;;
  *"get statefulsets"*) cat "$here/others" 2>/dev/null || true ;;
  *apply*) cat >> "$here/applied" ;;
  *"get "*) grep -c '^kind:' > "$here/asked"; cat "$here/found" 2>/dev/null ;;
  *api-resources*) echo prometheusrules.monitoring.coreos.com ;;
  *delete*) echo "deleted $#" ;;
esac
`;

/**
 * A kubectl that records its arguments in `calls` and its input in `applied`, and answers `get` with the
 * content of `found`. It refuses to apply if an argument contains "refused", and finds no cluster if one
 * contains "unreachable".
 */
export async function writeFakeKubectl(path: string): Promise<void> {
  await writeFile(path, script, { mode: 0o755 });
}
