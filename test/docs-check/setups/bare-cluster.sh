# A cluster without kasbah and without what earlier pages created, and kubectl and helm as its administrator.
for namespace in kasbah-system istio-system try; do
  for release in $(helm list --namespace "$namespace" --short); do
    helm uninstall "$release" --namespace "$namespace" --wait >/dev/null
  done
done
kubectl delete namespace kasbah-system istio-system demo try shop --ignore-not-found >/dev/null
kubectl delete clusterrole,clusterrolebinding -l app.kubernetes.io/name=kasbah >/dev/null
kubectl delete configmaps --all-namespaces --field-selector metadata.name=istio-ca-root-cert >/dev/null
