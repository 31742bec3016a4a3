import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { chmod, readFile, writeFile } from "node:fs/promises";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { eventually, temporaryDirectory } from "@kasbah/testkit";
import { runKasbah } from "../run-kasbah.fixture.ts";
import { openBrowser } from "./open-browser.ts";
import { RepeatedTextFilter } from "./repeated-text-filter.ts";

describe("kasbah console", () => {
  it("fails before it listens if no CA and no state exists, or the location is ambiguous", async () => {
    const away = await runKasbah(["console", "--state-dir", "/none/state"]);
    assert.equal(away.error?.code, "ADMIN_UNREACHABLE");
    const both = await runKasbah(["-n", "a", "console", "--state-dir", "/none/state"]);
    assert.equal(both.error?.code, "CONFIG_INVALID");
    assert.equal(away.said + both.said, "");
  });

  it("accepts only a port", async () => {
    for (const port of ["-1", "65536", "http", "0.0.0.0:80", "127.0.0.1:80"]) {
      const { error } = await runKasbah(["console", `--port=${port}`]);
      assert.match(`${error?.message}`, /expected a port from 0 to 65535/);
    }
  });
});

describe("The browser of kasbah console", () => {
  const link = "http://127.0.0.1:7878/#secret";

  it("gets a path instead of the link, to a file that only its user can read, until it is forgotten", async () => {
    const home = await temporaryDirectory();
    const program = home.join("xdg-open");
    await writeFile(
      program,
      '#!/bin/sh\necho "$@" > "$HOME/opened.part"; ls -l "$1" >> "$HOME/opened.part"\nmv "$HOME/opened.part" "$HOME/opened"\n',
    );
    await chmod(program, 0o755);
    const env = { HOME: home.path, PATH: `${home.path}:/usr/bin:/bin` };
    const browser = await openBrowser(link, { platform: "linux", env, temporaryDirectory: "/none", pid: 42 });
    assert.equal(browser.problem, undefined);
    await eventually(() => existsSync(home.join("opened")));
    const [argument = "", listed] = (await readFile(home.join("opened"), "utf8")).split("\n");
    assert.equal(argument, home.join("kasbah-console-42.html"));
    assert.match(`${listed}`, /^-rw-------/);
    assert.match(await readFile(argument, "utf8"), /content="0;url=http:\/\/127\.0\.0\.1:7878\/#secret"/);
    await browser.forget();
    assert.equal(existsSync(argument), false);
    await home.remove();
  });

  it("is not started, and the file stays, if a file of that name exists", async () => {
    const home = await temporaryDirectory();
    const path = home.join("kasbah-console-42.html");
    await writeFile(path, "another program's");
    const env = { HOME: home.path, PATH: home.path };
    const browser = await openBrowser(link, { platform: "linux", env, temporaryDirectory: "/none", pid: 42 });
    assert.equal(browser.problem, "EEXIST");
    await browser.forget();
    assert.equal(await readFile(path, "utf8"), "another program's");
    await home.remove();
  });

  it("is reported as missing, and no file with the link remains", async () => {
    const home = await temporaryDirectory();
    const env = { HOME: home.path, PATH: home.path };
    const { problem } = await openBrowser(link, {
      platform: "darwin",
      env,
      temporaryDirectory: "/none",
      pid: 42,
    });
    assert.equal(problem, "ENOENT");
    assert.equal(existsSync(home.join("kasbah-console-42.html")), false);
    await home.remove();
  });
});

describe("Warnings of repeated readings", () => {
  it("are printed once each", async () => {
    const target = new PassThrough();
    const filter = new RepeatedTextFilter(target);
    for (const one of ["one\n", "two\n", "one\n"]) filter.write(one);
    target.end();
    assert.equal(await text(target), "one\ntwo\n");
  });
});
