# A cluster with the CA as the chart installs it, and the Deployment demo/frontend, whose pod runs an agent. POD is that
# pod, and REFERENCE a call that the CA refused. Pages share them, as long as none deletes the pod.
known=$CLUSTER_BIN/known-cluster
if [ -f "$known" ]; then . "$known"; fi
if ! kubectl --namespace demo get pod "${POD-none}" -o name >/dev/null 2>&1; then
  # A root that another CA published in demo would stay there, and the agent would trust only that one.
  . "$SETUPS/bare-cluster.sh"
  helm upgrade --install kasbah "$CLONE/deploy/helm/kasbah" --namespace kasbah-system --create-namespace \
    --set image.repository=registry.example/kasbah/server >/dev/null
  kubectl --namespace kasbah-system rollout status statefulset/kasbah --timeout=120s >/dev/null
  kubectl apply -f "$SETUPS/frontend.yaml" >/dev/null
  kubectl --namespace demo rollout status deployment/frontend --timeout=120s >/dev/null
  POD=$(kubectl --namespace demo get pods -l app=frontend --field-selector status.phase=Running -o jsonpath='{.items[0].metadata.name}')
  CA=$(kubectl --namespace kasbah-system get pod kasbah-0 -o jsonpath='{.status.podIP}')
  echo "$CA kasbah.kasbah-system.svc" >>/etc/hosts
  kubectl --namespace demo get configmap istio-ca-root-cert -o jsonpath='{.data.root-cert\.pem}' >root.pem
  kubectl --namespace demo create token frontend --audience=vault >wrong.token
  REFERENCE=$(refused_call wrong.token root.pem)
  echo "export POD=$POD REFERENCE=$REFERENCE" >"$known"
fi
cp "$known" "$HOME/env"
