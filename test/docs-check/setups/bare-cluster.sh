# A cluster without kasbah, and kubectl and helm as its administrator.
if helm status kasbah --namespace kasbah-system >/dev/null 2>&1; then
  helm uninstall kasbah --namespace kasbah-system --wait >/dev/null
fi
kubectl delete namespace kasbah-system demo try --ignore-not-found >/dev/null
kubectl delete clusterrole,clusterrolebinding -l app.kubernetes.io/name=kasbah >/dev/null
kubectl delete configmaps --all-namespaces --field-selector metadata.name=istio-ca-root-cert >/dev/null
