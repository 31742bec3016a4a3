# The running CA of `ca`, and the agents of demo/backend and demo/frontend with their certificates. That of frontend has
# every path and address of the defaults, and its socket is also at sds/socket.
prepare_ca
start_ca
kasbah-agent --token-file backend.token --sds-socket backend/socket --status-address 127.0.0.1:15021 \
  --log-format json >backend.log 2>&1 &
kasbah-agent wait --timeout 90s --status-address 127.0.0.1:15021 --sds-socket backend/socket || { cat backend.log; exit 1; }
kasbah-agent --log-format json >frontend.log 2>&1 &
kasbah-agent wait --timeout 90s || { cat frontend.log; exit 1; }
mkdir -p sds
ln -s "$PWD/var/run/secrets/workload-spiffe-uds/socket" sds/socket
