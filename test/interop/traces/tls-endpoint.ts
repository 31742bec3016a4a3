import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:https";
import type { TemporaryDirectory } from "@kasbah/testkit";

/** A receiver of OTLP behind TLS, whose certificate no system root vouches for. It counts requests by their header `key`. */
export class TlsEndpoint implements AsyncDisposable {
  readonly keys: string[] = [];
  readonly certificate: string;
  readonly #server: Server;

  private constructor(directory: TemporaryDirectory) {
    this.certificate = directory.join("collector.pem");
    const key = directory.join("collector.key");
    const request = [
      "req",
      "-x509",
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:P-256",
      "-nodes",
      "-days",
      "2",
    ];
    const named = ["-subj", "/CN=collector", "-addext", "subjectAltName=IP:127.0.0.1"];
    execFileSync("openssl", [...request, ...named, "-keyout", key, "-out", this.certificate], {
      stdio: "ignore",
    });
    const tls = { key: readFileSync(key), cert: readFileSync(this.certificate) };
    this.#server = createServer(tls, (incoming, response) => {
      this.keys.push(String(incoming.headers["key"]));
      incoming.resume().on("end", () => response.writeHead(200).end());
    });
  }

  static async start(directory: TemporaryDirectory): Promise<TlsEndpoint> {
    const endpoint = new TlsEndpoint(directory);
    await new Promise<void>((resolve) => endpoint.#server.listen(0, "127.0.0.1", resolve));
    return endpoint;
  }

  get url(): string {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("the endpoint does not listen");
    return `https://127.0.0.1:${address.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
