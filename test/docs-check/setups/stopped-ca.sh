# A CA that ran and was stopped: its state is in ./state.
prepare_ca
start_ca
stop_ca
