import assert from "node:assert/strict";
import { RuntimeError } from "../errors.ts";
import { storageFailure } from "./storage-failure.ts";

describe("storageFailure", () => {
  const noSpace = Object.assign(new Error("write failed"), { code: "ENOSPC" });

  it("finds the system call's reason in the error or in its causes", () => {
    const wrapped = new RuntimeError("FILE_NOT_DURABLE", "cannot write a file", { cause: noSpace });
    for (const error of [noSpace, wrapped, new Error("outer", { cause: wrapped })]) {
      assert.equal(storageFailure(error), "no space left on the device (ENOSPC)");
    }
  });

  it("finds the reason of a failure inside SQLite, also by an extended code", () => {
    const sqlite = (errcode: number) =>
      Object.assign(new Error("database or disk is full"), { code: "ERR_SQLITE_ERROR", errcode });
    assert.equal(storageFailure(sqlite(13)), "no space left on the device (SQLITE_FULL)");
    assert.equal(storageFailure(sqlite(778)), "the device reports an I/O error (SQLITE_IOERR)");
    assert.equal(storageFailure(sqlite(1)), "database or disk is full");
  });

  it("returns the message of an error without such a reason", () => {
    assert.equal(storageFailure(new Error("cannot use Secret a/b: 503")), "cannot use Secret a/b: 503");
    assert.equal(storageFailure("text"), "text");
  });

  it("ends for an error that is its own cause", () => {
    const error = new Error("loop");
    error.cause = error;
    assert.equal(storageFailure(error), "loop");
  });
});
