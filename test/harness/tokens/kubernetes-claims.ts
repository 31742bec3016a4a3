// The claim `kubernetes.io`, with which Kubernetes repeats the account. It must match `sub`.

import { type Case, frontend, group, rejected } from "./case.ts";
import { mint } from "./minting.ts";

const uid = "5b0d3ab8-6a0a-4a1a-9a7d-d5d4a1a4a111";
const claim = (value: unknown) => mint({ claims: { "kubernetes.io": value } });
const serviceaccount = { name: "frontend", uid };
const bound = { namespace: "demo", serviceaccount };
const pod = { name: "frontend-7c9d", uid };
const node = { name: "node-1", uid };

const agreeing = group("kubernetes.io", frontend, {
  "kubernetes.io missing": claim(undefined),
  "kubernetes.io that matches sub": claim(bound),
  "kubernetes.io with a pod": claim({ ...bound, pod }),
  "kubernetes.io with a pod on a node": claim({ ...bound, pod, node }),
  "kubernetes.io with only a node": claim({ ...bound, node }),
  "kubernetes.io with a secret": claim({ ...bound, secret: { name: "frontend-token", uid } }),
  "kubernetes.io with warnafter": claim({ ...bound, pod, warnafter: 1893459600 }),
  "kubernetes.io with an unknown member": claim({ ...bound, future: { a: 1 } }),
});

const disagreeing = group("kubernetes.io", rejected, {
  "kubernetes.io of another namespace": claim({ ...bound, namespace: "prod" }),
  "kubernetes.io of another account": claim({ ...bound, serviceaccount: { name: "bank", uid } }),
  "kubernetes.io of another namespace and account": claim({
    namespace: "prod",
    serviceaccount: { name: "bank", uid },
  }),
  "kubernetes.io with its namespace in upper case": claim({ ...bound, namespace: "Demo" }),
  "kubernetes.io with a space after its namespace": claim({ ...bound, namespace: "demo " }),
  "kubernetes.io with an empty namespace": claim({ ...bound, namespace: "" }),
  "kubernetes.io with an empty account": claim({ ...bound, serviceaccount: { name: "", uid } }),
  "kubernetes.io without a namespace": claim({ serviceaccount }),
  "kubernetes.io without an account": claim({ namespace: "demo" }),
  "kubernetes.io without an account's name": claim({ ...bound, serviceaccount: { uid } }),
  "kubernetes.io with its names in upper case": claim({ Namespace: "demo", ServiceAccount: serviceaccount }),
});

const mistyped = group("kubernetes.io", rejected, {
  "kubernetes.io null": claim(null),
  "kubernetes.io as a string": claim("demo"),
  "kubernetes.io as a number": claim(1),
  "kubernetes.io true": claim(true),
  "kubernetes.io as a list": claim([bound]),
  "kubernetes.io as an empty list": claim([]),
  "kubernetes.io as an empty object": claim({}),
  "kubernetes.io with a list for a namespace": claim({ ...bound, namespace: ["demo"] }),
  "kubernetes.io with null for a namespace": claim({ ...bound, namespace: null }),
  "kubernetes.io with a number for a namespace": claim({ ...bound, namespace: 0 }),
  "kubernetes.io with null for an account": claim({ ...bound, serviceaccount: null }),
  "kubernetes.io with a string for an account": claim({ ...bound, serviceaccount: "frontend" }),
  "kubernetes.io with a list for an account": claim({ ...bound, serviceaccount: [serviceaccount] }),
  "kubernetes.io with a list for an account's name": claim({
    ...bound,
    serviceaccount: { name: ["frontend"], uid },
  }),
  "kubernetes.io with a number for an account's uid": claim({
    ...bound,
    serviceaccount: { name: "frontend", uid: 1 },
  }),
  "kubernetes.io with null for an account's uid": claim({
    ...bound,
    serviceaccount: { name: "frontend", uid: null },
  }),
  "kubernetes.io with a string for a secret": claim({ ...bound, secret: "frontend-token" }),
  "kubernetes.io with a string for warnafter": claim({ ...bound, pod, warnafter: "soon" }),
  "kubernetes.io with a string for a pod": claim({ ...bound, pod: "frontend-7c9d" }),
  "kubernetes.io with null for a pod": claim({ ...bound, pod: null }),
  "kubernetes.io with a list for a pod": claim({ ...bound, pod: [pod] }),
  "kubernetes.io with an empty pod": claim({ ...bound, pod: {} }),
  "kubernetes.io with a pod without a uid": claim({ ...bound, pod: { name: pod.name } }),
  "kubernetes.io with a pod without a name": claim({ ...bound, pod: { uid } }),
  "kubernetes.io with a pod with an empty uid": claim({ ...bound, pod: { ...pod, uid: "" } }),
  "kubernetes.io with a number for a pod's uid": claim({ ...bound, pod: { ...pod, uid: 1 } }),
  "kubernetes.io with null for a pod's uid": claim({ ...bound, pod: { ...pod, uid: null } }),
  "kubernetes.io with a list for a pod's name": claim({ ...bound, pod: { ...pod, name: [pod.name] } }),
  "kubernetes.io with a string for a node": claim({ ...bound, pod, node: "node-1" }),
  "kubernetes.io with null for a node": claim({ ...bound, pod, node: null }),
  "kubernetes.io with a node without a name": claim({ ...bound, pod, node: { uid } }),
  "kubernetes.io with a number for a node's name": claim({ ...bound, pod, node: { ...node, name: 1 } }),
  "kubernetes.io with a number for a node's uid": claim({ ...bound, pod, node: { ...node, uid: 1 } }),
});

export const kubernetesClaims: readonly Case[] = [...agreeing, ...disagreeing, ...mistyped];
