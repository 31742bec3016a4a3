import assert from "node:assert/strict";
import { OncePerReason } from "./once-per-reason.ts";

describe("OncePerReason", () => {
  let failure: OncePerReason;
  let reports: string[];
  const fail = (reason: string) => failure.failed(reason, () => reports.push(reason));

  beforeEach(() => {
    failure = new OncePerReason();
    reports = [];
  });

  it("reports a failure that repeats once", () => {
    for (const reason of ["ENOSPC", "ENOSPC", "ENOSPC"]) fail(reason);
    assert.deepEqual(reports, ["ENOSPC"]);
    assert.equal(failure.reason, "ENOSPC");
  });

  it("reports each change of the reason, a return to an earlier one included", () => {
    for (const reason of ["ENOSPC", "EACCES", "ENOSPC"]) fail(reason);
    assert.deepEqual(reports, ["ENOSPC", "EACCES", "ENOSPC"]);
  });

  it("reports the same reason again after it was cleared", () => {
    fail("ENOSPC");
    assert.equal(failure.clear(), true);
    assert.equal(failure.reason, undefined);
    assert.equal(failure.clear(), false);
    fail("ENOSPC");
    assert.deepEqual(reports, ["ENOSPC", "ENOSPC"]);
  });
});
