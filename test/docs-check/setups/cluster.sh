# A cluster with the CA as the chart installs it, and the Deployment demo/frontend, whose pod runs an agent. POD is that
# pod, and REFERENCE a call that the CA refused.
if ! kubectl --namespace kasbah-system get statefulset kasbah >/dev/null 2>&1; then
  helm upgrade --install kasbah "$CLONE/deploy/helm/kasbah" --namespace kasbah-system --create-namespace \
    --set image.repository=registry.example/kasbah/server >/dev/null
fi
kubectl --namespace kasbah-system rollout status statefulset/kasbah --timeout=120s >/dev/null
kubectl apply -f "$SETUPS/frontend.yaml" >/dev/null
kubectl --namespace demo rollout status deployment/frontend --timeout=120s >/dev/null
POD=$(kubectl --namespace demo get pods -l app=frontend --field-selector status.phase=Running -o jsonpath='{.items[0].metadata.name}')
ca=$(kubectl --namespace kasbah-system get pod kasbah-0 -o jsonpath='{.status.podIP}')
echo "$ca kasbah.kasbah-system.svc" >>/etc/hosts
kubectl --namespace demo get configmap istio-ca-root-cert -o jsonpath='{.data.root-cert\.pem}' >root.pem
kubectl --namespace demo create token frontend --audience=vault >wrong.token
kasbah-agent fetch --token-file wrong.token --ca-root root.pem --output-certs refused --timeout 5s 2>refusal || true
REFERENCE=$(grep -o 'reference [0-9a-f]*' refusal | head -1 | cut -d' ' -f2)
echo "export POD=$POD REFERENCE=$REFERENCE" >"$HOME/env"
