# A running CA with its state in ./state, and tokens of its issuer for demo/frontend and demo/backend. The files of a pod
# are where a pod has them, and the settings of the CA are in the environment of every terminal.
prepare_ca
start_ca
