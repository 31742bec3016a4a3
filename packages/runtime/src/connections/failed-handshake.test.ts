import assert from "node:assert/strict";
import { failedHandshakeOf } from "./failed-handshake.ts";

describe("failedHandshakeOf", () => {
  const cases = {
    unknown_root: [
      "ERR_SSL_TLSV1_ALERT_UNKNOWN_CA",
      "ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE",
      "ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE",
      "ERR_SSL_SSL/TLS_ALERT_CERTIFICATE_UNKNOWN",
    ],
    expired: ["ERR_SSL_SSL/TLS_ALERT_CERTIFICATE_EXPIRED"],
    no_certificate: [
      "ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE",
      "ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED",
    ],
    client_certificate: ["ERR_SSL_BAD_SIGNATURE", "ERR_SSL_PROVIDER_SIGNATURE_FAILURE"],
    protocol: ["ERR_SSL_UNSUPPORTED_PROTOCOL", "ERR_SSL_NO_SHARED_CIPHER", "ERR_SSL_HTTP_REQUEST"],
    timeout: ["ERR_TLS_HANDSHAKE_TIMEOUT"],
    other: ["EMFILE", undefined],
  };

  for (const [reason, codes] of Object.entries(cases)) {
    it(`classifies ${codes.join(", ")} as ${reason}`, () => {
      assert.deepEqual(new Set(codes.map(failedHandshakeOf)), new Set([reason]));
    });
  }

  it("leaves the end of a connection without an alert to what was read before", () => {
    assert.equal(failedHandshakeOf("ECONNRESET"), undefined);
  });
});
