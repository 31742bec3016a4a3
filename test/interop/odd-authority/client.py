"""Calls a Unix socket with python's own HPACK and frames: client.py SOCKET PATH SESSIONS. Prints what was not answered."""
import json
import random
import socket
import sys

from hpack import Decoder, Encoder
from hyperframe.frame import ContinuationFrame, DataFrame, Frame, HeadersFrame, RstStreamFrame, SettingsFrame

AUTHORITIES = [
    "localhost",
    "/run/spiffe/workload.sock",
    "%2Frun%2Fspiffe%2Fworkload.sock",
    "unix:///run/spiffe/workload.sock",
    "@abstract",
    "outbound|15012||sds.local",
    "sds socket",
    "sds@x",
    '"quoted"\\',
    "{sds}#?",
    "é",
    "x" * 301,
    "/" * 3000,
]
STREAMS = 10


class Session:
    def __init__(self, path, seed):
        self.random = random.Random(seed)
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.socket.settimeout(30)
        self.encoder = Encoder()
        self.decoder = Decoder()
        self.received = b""
        self.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + SettingsFrame(0).serialize())
        size = self.random.choice([4096, 200, 0])
        if size != 4096:
            self.encoder.header_table_size = size

    def send(self, octets):
        """In pieces of any size."""
        while octets:
            length = self.random.choice([1, 2, 9, 100, len(octets)])
            self.socket.sendall(octets[:length])
            octets = octets[length:]

    def request(self, stream, method, authority):
        fields = [
            (":method", "POST"),
            (":scheme", "http"),
            (":path", method),
            (":authority", authority),
            ("content-type", "application/grpc"),
            ("te", "trailers"),
            ("workload.spiffe.io", "true"),
            ("x-number", str(stream)),
        ]
        block = self.encoder.encode(fields, huffman=self.random.random() < 0.5)
        cuts = sorted(self.random.randrange(len(block) + 1) for _ in range(self.random.randrange(4)))
        parts = [block[start:end] for start, end in zip([0] + cuts, cuts + [len(block)])]
        first = HeadersFrame(stream, parts[0])
        if self.random.random() < 0.3:
            first.flags.add("PADDED")
            first.pad_length = self.random.randrange(256)
        if self.random.random() < 0.3:
            first.flags.add("PRIORITY")
            first.depends_on, first.stream_weight, first.exclusive = 0, 15, False
        frames = [first] + [ContinuationFrame(stream, part) for part in parts[1:]]
        frames[-1].flags.add("END_HEADERS")
        self.send(b"".join(frame.serialize() for frame in frames))
        body = DataFrame(stream, b"\0\0\0\0\0")
        body.flags.add("END_STREAM")
        self.send(body.serialize())

    def answer(self, stream):
        """The HTTP status of the stream, or what ended it."""
        while True:
            frame = self.frame()
            if isinstance(frame, HeadersFrame):
                headers = dict(self.decoder.decode(frame.data))
                if frame.stream_id == stream and ":status" in headers:
                    return headers[":status"]
            if isinstance(frame, RstStreamFrame) and frame.stream_id == stream:
                return f"reset with {frame.error_code}"
            if frame.stream_id == 0 and frame.type == 7:
                return f"the connection ended with {frame.error_code}"

    def frame(self):
        while True:
            if len(self.received) >= 9:
                frame, length = Frame.parse_frame_header(memoryview(self.received[:9]))
                if len(self.received) >= 9 + length:
                    frame.parse_body(memoryview(self.received[9 : 9 + length]))
                    self.received = self.received[9 + length :]
                    return frame
            octets = self.socket.recv(65536)
            if not octets:
                raise ConnectionError("the agent closed the connection")
            self.received += octets


def main(path, method, sessions):
    answered, failed = 0, []
    for seed in range(sessions):
        session = Session(path, seed)
        for number in range(STREAMS):
            authority = session.random.choice(AUTHORITIES)
            stream = 2 * number + 1
            session.request(stream, method, authority)
            status = session.answer(stream)
            if status == "200":
                answered += 1
            else:
                failed.append([seed, stream, authority[:40], status])
                break
        session.socket.close()
    print(json.dumps({"answered": answered, "failed": failed}))


main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
