import { type AuthorityRequest, requestNumber } from "../rotation/authority-request.ts";
import type { AuthorityState } from "../rotation/authority-state.ts";
import { prepare, type Successor } from "../rotation/succession.ts";

/** Adds an outstanding request. */
export function openRequest(state: AuthorityState, request: AuthorityRequest): AuthorityState {
  const { made, open } = state.requests;
  const requests = { made: Math.max(made, requestNumber(request.id)), open: [...open, request] };
  return { ...state, requests };
}

/** Removes a request whose key is in use, or is to be destroyed. */
export function closeRequest(state: AuthorityState, id: string): AuthorityState {
  const open = state.requests.open.filter((one) => one.id !== id);
  return open.length === state.requests.open.length
    ? state
    : { ...state, requests: { ...state.requests, open } };
}

/** Begins a rotation to the authority that a request has led to. @throws OperationError as {@link prepare} */
export function fulfil(
  state: AuthorityState,
  requestId: string,
  successor: Successor,
  now: Date,
): AuthorityState {
  const authorities = successor.authorities.map((one) =>
    one.id === successor.signerId ? { ...one, byRequest: true } : one,
  );
  return prepare(closeRequest(state, requestId), { ...successor, authorities }, now);
}

/** The outstanding requests that have expired. */
export function expiredRequests(state: AuthorityState, now: Date): readonly AuthorityRequest[] {
  return state.requests.open.filter(({ expiresAt }) => expiresAt <= now);
}
