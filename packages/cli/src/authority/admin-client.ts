import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import {
  type AuthorityStatusMessage,
  abortRotation,
  getAuthorityStatus,
  type Method,
  pauseRotation,
  resumeRotation,
  rotateAuthority,
} from "@kasbah/protocol";
import { GrpcChannel, grpcStatus, RpcError } from "@kasbah/runtime/grpc";
import { CliError } from "../errors.ts";

export type { AuthorityStatusMessage } from "@kasbah/protocol";

/** Making a key of 4096 bits takes seconds on a small machine. */
const deadlineMs = 30_000;

/** The CA's port for operators, by its Unix socket. Throws CliError `ADMIN_UNREACHABLE`, `OPERATION_REFUSED`, `ADMIN_FAILED`. */
export class AdminClient {
  readonly #path: string;
  readonly #operator: string;

  /** @param operator what the CA's log is to call whoever acts; nobody checks it. */
  constructor(path: string, operator: string) {
    this.#path = resolve(path);
    this.#operator = operator;
  }

  status(): Promise<AuthorityStatusMessage> {
    return this.#call(getAuthorityStatus, {});
  }

  rotate(kind: "root" | "intermediate"): Promise<AuthorityStatusMessage> {
    return this.#call(rotateAuthority, { kind });
  }

  pause(): Promise<AuthorityStatusMessage> {
    return this.#call(pauseRotation, {});
  }

  resume(): Promise<AuthorityStatusMessage> {
    return this.#call(resumeRotation, {});
  }

  abort(options: { readonly ifEpoch?: number }): Promise<AuthorityStatusMessage> {
    return this.#call(abortRotation, options);
  }

  async #call<Request>(
    method: Method<Request, AuthorityStatusMessage>,
    request: Request,
  ): Promise<AuthorityStatusMessage> {
    const channel = new GrpcChannel({ unixPath: this.#path });
    try {
      const metadata = { "kasbah-operator": this.#operator };
      return await channel.unary(method, request, { deadlineMs, metadata });
    } catch (error) {
      throw await this.#explained(error);
    } finally {
      channel.close();
    }
  }

  async #explained(error: unknown): Promise<unknown> {
    if (!(error instanceof RpcError)) return error;
    const { code, message } = error;
    if (code === grpcStatus.FAILED_PRECONDITION) {
      return new CliError("OPERATION_REFUSED", message.replace(/^OPERATION_REFUSED: /, ""), { cause: error });
    }
    const isOwnWord = /^[A-Z_]+: /.test(message);
    if (code === grpcStatus.UNAVAILABLE && !isOwnWord)
      return this.#unreachable(await this.#reason(message), error);
    if (code === grpcStatus.DEADLINE_EXCEEDED) return this.#unreachable("nobody answers in time", error);
    return new CliError("ADMIN_FAILED", `the CA could not do it: ${message}`, { cause: error });
  }

  /** From the transport's words, which hold the name of the failed call's error. */
  async #reason(message: string): Promise<string> {
    if (message.includes("EACCES")) {
      const uid = await stat(this.#path).then(
        (found) => ` of uid ${found.uid}`,
        () => "",
      );
      return `the socket is for its user${uid} alone: run the command as that user`;
    }
    return message.includes("ENOENT") ? "there is no socket" : "nobody answers";
  }

  #unreachable(reason: string, cause: unknown): CliError {
    const advice = "start kasbah-server, or name its --state-dir or --admin-socket";
    return new CliError("ADMIN_UNREACHABLE", `no CA at ${this.#path}: ${reason}; ${advice}`, { cause });
  }
}
