import assert from "node:assert/strict";
import { CommandOutput } from "./command-output.ts";

describe("CommandOutput", () => {
  const shown = (text: string) => {
    const output = new CommandOutput();
    output.add(text);
    return output.lines;
  };

  it("shows what follows a key that is printed on one line, as by echo $KEY", () => {
    const key = "-----BEGIN EC PRIVATE KEY----- MHcCAQEEIBI5wPSJXl6K -----END EC PRIVATE KEY-----";
    assert.deepEqual(shown(`+ echo '${key}'\nnginx: not running\n`), ["[redacted]", "nginx: not running"]);
  });

  it("shows what follows a key whose one line is longer than the limit of a line", () => {
    const key = `-----BEGIN PRIVATE KEY-----${"MHcCAQEE ".repeat(100)}-----END PRIVATE KEY-----`;
    assert.deepEqual(shown(`${key}\nnginx: not running\n`), ["[redacted]", "nginx: not running"]);
  });

  it("redacts a block that begins after another one on the same line", () => {
    const text =
      "-----END CERTIFICATE----------BEGIN PRIVATE KEY-----\nMHcC\n-----END PRIVATE KEY-----\nafter\n";
    assert.deepEqual(shown(text), ["[redacted]", "after"]);
  });

  it("redacts a key in the hexadecimal form of openssl pkey -text", () => {
    const text = [
      "Private-Key: (256 bit)",
      "priv:",
      "    12:39:c0:f4:89:5e:5e:8a:5f:34:97:94:fa:94:ef:",
      "    a2:5c",
      "NIST CURVE: P-256",
      "reloaded at 12:39:40",
      "",
    ];
    assert.deepEqual(shown(text.join("\n")), [
      "Private-Key: (256 bit)",
      "priv:",
      "[redacted]",
      "NIST CURVE: P-256",
      "reloaded at 12:39:40",
    ]);
  });
});
