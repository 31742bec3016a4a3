/** The call by which an operator on the agent's Unix socket asks for a new certificate. */
export const rotatePath = "/kasbah.agent.Agent/Rotate";

/** The reply, as JSON. */
export type RotateReply =
  | {
      readonly rotated: true;
      readonly spiffeId: string;
      /** The serial number of the certificate before; null if there was none. */
      readonly oldSerial: string | null;
      readonly serial: string;
      readonly notAfter: string;
      /** The reason why the files of `--output-certs` still show an earlier certificate. */
      readonly filesProblem?: string | undefined;
    }
  | {
      readonly rotated: false;
      /** The error code of the failed attempt. */
      readonly code: string;
      readonly message: string;
      /** What the CA advises. */
      readonly fix?: string | undefined;
      /** When the agent tries again; null if it does not. */
      readonly retryInMs: number | null;
      /** The serial number of the certificate that is still served. */
      readonly serial: string | null;
    };
