import assert from "node:assert/strict";
import { recordingLogger } from "@kasbah/testkit";
import type { TransportFault } from "./transport-fault.ts";
import { reportTransportFaults } from "./transport-faults.ts";

describe("reportTransportFaults", () => {
  it("counts every fault, and logs each kind once with the socket's path and the fix", () => {
    const logger = recordingLogger();
    const counted: TransportFault[] = [];
    const report = reportTransportFaults({ path: "/run/sds", logger, count: (fault) => counted.push(fault) });
    const empty = { ended: "stream", code: "PROTOCOL_ERROR", cause: "empty authority" } as const;
    const foreign = { ended: "connection", code: "INTERNAL_ERROR", cause: "not HTTP/2" } as const;
    const refused = { ended: "stream", code: "REFUSED_STREAM" } as const;
    for (const fault of [empty, refused, empty, foreign, refused, empty, foreign]) report(fault);
    assert.equal(counted.length, 7);
    assert.deepEqual(
      logger.events.map(({ level, event, facts }) => [level, event, facts]),
      [
        [
          "warn",
          "HTTP/2 ended a client's stream before its call arrived",
          {
            path: "/run/sds",
            code: "PROTOCOL_ERROR",
            cause: "empty authority",
            fix: "let the client send a non-empty :authority, such as localhost",
          },
        ],
        [
          "warn",
          "HTTP/2 ended a client's stream before its call arrived",
          { path: "/run/sds", code: "REFUSED_STREAM" },
        ],
        [
          "warn",
          "HTTP/2 ended the connection of a faulty client",
          {
            path: "/run/sds",
            code: "INTERNAL_ERROR",
            cause: "not HTTP/2",
            fix: "connect with gRPC, that is HTTP/2 without TLS",
          },
        ],
      ],
    );
  });
});
