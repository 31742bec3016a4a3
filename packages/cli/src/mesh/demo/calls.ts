import { formatHostPort } from "@kasbah/runtime";
import { callWithoutCertificate } from "../local/call-without-certificate.ts";
import type { Mesh } from "../local/mesh.ts";
import { getOnce } from "../processes/http-request.ts";
import type { DemoDeps } from "./demo-deps.ts";
import { mustHold } from "./proof.ts";

/** One plain HTTP request through both Envoys to the app, which returns the caller that it saw. */
export async function showRequest(mesh: Mesh, { print }: DemoDeps): Promise<void> {
  print.step("A request through both Envoys");
  print.command(`curl http://${formatHostPort(mesh.entry)}/hello`);
  const { status, body } = await getOnce(mesh.entry, "/hello");
  mustHold(status === 200, `the request through both Envoys returned ${status}: ${body.slice(0, 200)}`);
  print.output(body);
  mustHold(body.includes(`"${mesh.frontend.spiffeId}"`), "backend did not see frontend's identity");
  print.good(`backend saw ${mesh.frontend.spiffeId}`);
}

/** Calls backend's mTLS port without an identity. */
export async function showRefusals(mesh: Mesh, { print }: DemoDeps): Promise<void> {
  const door = formatHostPort(mesh.backendDoor);
  const before = mesh.app.requestCount();
  print.step("Unauthenticated callers at backend's mTLS port");
  print.command(`curl http://${door}/`);
  const plaintext = await getOnce(mesh.backendDoor, "/").then(
    ({ status }) => mustHold(false, `backend answered plaintext with ${status}`),
    (error: Error) => error.message,
  );
  print.good(`plaintext rejected: ${plaintext}`);
  print.command(`curl -k https://${door}/`);
  const rejection = await callWithoutCertificate(mesh.backendDoor);
  mustHold(rejection !== undefined, "backend accepted a caller without a certificate");
  print.good(`caller without certificate rejected: ${rejection}`);
  mustHold(mesh.app.requestCount() === before, "a rejected request reached the app");
}
