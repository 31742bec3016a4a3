# Functions for setups and for the hidden commands of pages. Every terminal reads this file.
if [ -n "${CLUSTER_BIN-}" ]; then PATH=$CLUSTER_BIN:$PATH; fi
if [ -f "$HOME/env" ]; then . "$HOME/env"; fi

# Creates the files around a CA: an issuer and tokens; and those of a pod where a pod has them.
prepare_ca() {
  cat >>"$HOME/env" <<END
export KASBAH_STATE_DIR='$WORK/state' STATE_DIR='$WORK/state' KASBAH_JWKS='$WORK/issuer/jwks.json'
export KASBAH_TOKEN_ISSUER=https://certs-dev.invalid KASBAH_MIN_STAGE=0s KASBAH_SERVER_SAN=kasbah.kasbah-system.svc
END
  . "$HOME/env"
  certs-dev issuer "$WORK/issuer" >/dev/null
  for account in frontend backend; do new_token demo "$account" >"$WORK/$account.token"; done
  ln -sfn "$WORK/state" /var/lib/kasbah
  ln -sfn /var "$WORK/var"
  echo '127.0.0.1 kasbah.kasbah-system.svc' >>/etc/hosts
  printf 'version: 1\ndefault: { allow: true }\n' >"$WORK/policy.yaml"
  mkdir -p /var/run/secrets/tokens /var/run/secrets/istio
  cp "$WORK/frontend.token" /var/run/secrets/tokens/istio-token
}

new_token() {
  certs-dev token "$WORK/issuer" --namespace "$1" --service-account "$2" "${@:3}"
}

# Starts the CA with these flags, and returns when it is ready.
start_ca() {
  command kasbah-server --policy "$WORK/policy.yaml" --log-format json "$@" >"$WORK/ca.log" 2>&1 &
  echo $! >"$WORK/ca.pid"
  until curl -sf http://127.0.0.1:15014/healthz/ready >/dev/null; do
    kill -0 "$(cat "$WORK/ca.pid")" || { tail -3 "$WORK/ca.log"; return 1; }
    sleep 0.2
  done
  cp "$WORK/state/public/root-cert.pem" /var/run/secrets/istio/root-cert.pem
}

stop_ca() {
  local pid
  pid=$(cat "$WORK/ca.pid")
  kill "$pid"
  while grep -qs '^State:[[:space:]][^Z]' "/proc/$pid/status"; do sleep 0.1; done
}

# A new CA with a new root in place of the running one.
fresh_ca() {
  stop_ca
  rm -rf "$WORK/state"
  start_ca "$@"
}

# Obtains a certificate for a service account of the namespace demo, or fails as the CA refuses it.
fetch_certificate() {
  kasbah-agent fetch --token-file "$WORK/$1.token" --ca-root "$WORK/state/public/root-cert.pem" \
    --output-certs "$WORK/certs-$1" --timeout 20s "${@:2}"
}

only_check() {
  case ${2-} in
    status | wait | fetch | rotate) command "$@" ;;
    *) command "$@" --check-config ;;
  esac
}

# Makes a call with this token, and prints the reference under which the CA refused it.
refused_call() {
  { kasbah-agent fetch --token-file "$1" --ca-root "${2-$WORK/state/public/root-cert.pem}" --output-certs "$WORK/refused" \
    --timeout 5s 2>&1 || true; } | grep -o 'reference [0-9a-f]*' | tail -1 | cut -d' ' -f2
}

# From here on the daemons only check their configuration: the page shows flags for a place that is not here.
check_configuration_only() {
  kasbah-server() { only_check kasbah-server "$@"; }
  kasbah-agent() { only_check kasbah-agent "$@"; }
}
