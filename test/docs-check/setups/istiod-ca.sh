# Puts into the cluster what istiod has created there: its namespace, its own CA and the root in every namespace.
kubectl create namespace istio-system
kubectl create namespace demo
openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj /O=cluster.local -keyout ca-key.pem -out ca-cert.pem \
  -addext keyUsage=critical,keyCertSign 2>/dev/null
touch cert-chain.pem key.pem
kubectl -n istio-system create secret generic istio-ca-secret --type istio.io/ca-root --from-file ca-cert.pem \
  --from-file ca-key.pem --from-file cert-chain.pem --from-file key.pem --from-file root-cert.pem=ca-cert.pem
for namespace in default istio-system; do
  kubectl -n "$namespace" create configmap istio-ca-root-cert --from-file root-cert.pem=ca-cert.pem
done
