import { connect } from "node:tls";
import type { HostPort } from "@kasbah/runtime";

const deadlineMs = 5000;

/**
 * Calls a mesh port without a certificate. Returns the reason of the rejection, or undefined if the port
 * accepted the call.
 */
export function callWithoutCertificate({ host, port }: HostPort): Promise<string | undefined> {
  return new Promise<string | undefined>((resolve) => {
    // In TLS 1.3, the client completes its handshake before the server can reject it, so the client must send
    // data and read the answer.
    const socket = connect({ host, port, rejectUnauthorized: false, timeout: deadlineMs }, () =>
      socket.write("GET / HTTP/1.1\r\nhost: backend\r\nconnection: close\r\n\r\n"),
    );
    const end = (refusal: string | undefined) => {
      resolve(refusal);
      socket.destroy();
    };
    socket.once("data", () => end(undefined));
    socket.once("timeout", () => end("no answer"));
    socket.once("error", (error: NodeJS.ErrnoException) => end(alertIn(error)));
    socket.once("close", () => end("connection closed"));
  });
}

/** `ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED` becomes `TLS alert: certificate required`. */
function alertIn({ code = "connection failed" }: NodeJS.ErrnoException): string {
  const [, alert] = /ALERT_(\w+)$/.exec(code) ?? [];
  return alert ? `TLS alert: ${alert.toLowerCase().replaceAll("_", " ")}` : code;
}
