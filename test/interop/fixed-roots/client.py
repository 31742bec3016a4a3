"""Exits with 0 if gRPC's C core (BoringSSL) accepts the server at argv[1] with the roots in the file argv[2]."""

import sys

import grpc

with open(sys.argv[2], "rb") as file:
    security = grpc.ssl_channel_credentials(file.read())
options = [("grpc.ssl_target_name_override", "localhost")]
with grpc.secure_channel(sys.argv[1], security, options) as channel:
    check = channel.unary_unary("/grpc.health.v1.Health/Check")
    try:
        check(b"", timeout=20)
    except grpc.RpcError as error:
        sys.exit(f"{error.code()}: {error.details()}")
