import { formatHostPort } from "@kasbah/runtime";
import type { Mesh } from "../local/mesh.ts";
import type { DemoPrinter } from "./printer.ts";

/** Prints commands to paste into another terminal while the mesh runs. */
export function showNextSteps(mesh: Mesh, print: DemoPrinter): void {
  const { ca, frontend, backend } = mesh;
  const lines: readonly (readonly [string, string])[] = [
    ["call backend", `curl http://${formatHostPort(mesh.entry)}/`],
    ["identity", `kasbah inspect unix:${backend.sdsSocket}`],
    ["mTLS port", `kasbah inspect ${formatHostPort(mesh.backendDoor)}`],
    ["with openssl", `openssl s_client -connect ${formatHostPort(mesh.backendDoor)} -showcerts </dev/null`],
    ["access log", `tail -f ${backend.accessLogPath}`],
    ["CA metrics", `curl http://${formatHostPort(ca.httpAddress)}/metrics`],
    ["agent metrics", `curl http://${formatHostPort(frontend.statusAddress)}/metrics`],
    ["Envoy admin", `curl http://${formatHostPort(frontend.adminAddress)}/certs`],
    ["an outage", `kill -9 ${ca.service.pid}   # the CA, or an agent: calls still succeed, and it restarts`],
    ["a new root", `kasbah authority rotate --root --wait --state-dir ${ca.stateDirectory}   # takes 90 s`],
    ["logs", `ls ${mesh.logDirectory}`],
  ];
  print.line();
  print.line(
    "The mesh keeps running; certificates are valid for 20 s and rotate every 10 s. Try in another terminal:",
  );
  print.line();
  for (const [label, command] of lines) print.row(label, command);
  print.line();
  print.line("Ctrl-C stops the mesh and removes its files.");
}
