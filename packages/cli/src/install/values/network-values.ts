import { z } from "zod";
import { labelSelector } from "./label-selector.ts";
import { manifestPart } from "./manifest-part.ts";

const cidr = z.union([z.cidrv4(), z.cidrv6()], "expected a range of IP addresses such as 10.0.0.0/8");

/** Kubernetes refuses a peer that selects nothing. */
const peer = z
  .strictObject({
    namespaceSelector: labelSelector.optional(),
    podSelector: labelSelector.optional(),
    ipBlock: z.strictObject({ cidr, except: z.array(cidr).optional() }).optional(),
  })
  .refine((given) => Object.keys(given).length > 0, {
    error: "expected namespaceSelector, podSelector or ipBlock",
    when: ({ issues }) => issues.length === 0,
  })
  .meta({ minProperties: 1 });

const portNumber = z.int().min(1).max(65535);

const port = z.strictObject({
  protocol: z.enum(["TCP", "UDP", "SCTP"]).optional(),
  port: z.union([portNumber, z.string().min(1)]).optional(),
  endPort: portNumber.optional(),
});

const egressRule = z.strictObject({ to: z.array(peer).optional(), ports: z.array(port).optional() });
const peers = z.array(manifestPart(peer));

export const networkPolicyValues = z.strictObject({
  enabled: z.boolean().default(true),
  callersFrom: peers.default([]),
  metricsFrom: peers.default([{ podSelector: {} }]),
  apiServerPorts: z.array(portNumber).min(1).default([443, 6443]),
  extraEgress: z.array(manifestPart(egressRule)).default([]),
});

const endpointProblem =
  "expected an http or https URL such as http://collector.monitoring:4318, or an empty value";

/** What the URL parser and the chart's template read alike. */
const endpoint = z
  .string()
  .regex(
    /^(https?:\/\/([a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:]+\])(:[0-9]{1,5})?(\/[\w./-]*)?)?$/,
    endpointProblem,
  )
  .refine((url) => url === "" || URL.canParse(url), endpointProblem);

/** Where the CA sends traces. */
export const tracingValues = z.strictObject({ otlpEndpoint: endpoint.default("") });
