"""A network with slow, dead and half-dead addresses, in the network namespace of this process.

Packets to 10.66.0.N and fd66::N, N above 1, leave by a TUN device. A live address is this machine again: the packet
comes back, after a delay, with source and destination swapped, which leaves every checksum valid. The argument is JSON:
{"delayMs": 300, "addresses": {"10.66.0.2": "live", "10.66.0.3": "dead", "10.66.0.4": "silent"}}. A silent address
accepts connections and loses all data. Prints "ready", and one line for each new connection that an address receives.
"""
import fcntl, heapq, json, os, select, socket, struct, subprocess, sys, time

options = json.loads(sys.argv[1])
delay = options["delayMs"] / 1000
modes = {socket.inet_pton(socket.AF_INET6 if ":" in a else socket.AF_INET, a): (a, mode)
         for a, mode in options["addresses"].items()}

TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
tun = os.open("/dev/net/tun", os.O_RDWR)
fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH", b"slow0", IFF_TUN | IFF_NO_PI))
for command in ("link set lo up", "link set slow0 up", "addr add 10.66.0.1/24 dev slow0",
                "-6 addr add fd66::1/64 dev slow0 nodad"):
    subprocess.run(["ip", *command.split()], check=True)
print("ready", flush=True)


def reflected(packet):
    """The packet as it returns, or None if the network loses it."""
    version = packet[0] >> 4
    start, size = (12, 4) if version == 4 else (8, 16)
    source, target = packet[start:start + size], packet[start + size:start + 2 * size]
    name, mode = modes.get(target, (None, "dead"))
    header = (packet[0] & 15) * 4 if version == 4 else 40
    tcp = packet[header:]
    if name is not None and packet[9 if version == 4 else 6] == socket.IPPROTO_TCP:
        if tcp[13] & 0x12 == 0x02:
            print("connection to", name, flush=True)
        total = struct.unpack("!H", packet[2:4])[0] if version == 4 else 40 + struct.unpack("!H", packet[4:6])[0]
        has_data = total > header + (tcp[12] >> 4) * 4
        if mode == "silent" and has_data:
            return None
    if mode == "dead":
        return None
    return packet[:start] + target + source + packet[start + 2 * size:]


waiting = []
count = 0
while True:
    left = None if not waiting else max(0, waiting[0][0] - time.monotonic())
    readable, _, _ = select.select([tun], [], [], left)
    if readable:
        back = reflected(os.read(tun, 65536))
        if back is not None:
            count += 1
            heapq.heappush(waiting, (time.monotonic() + delay, count, back))
    while waiting and waiting[0][0] <= time.monotonic():
        os.write(tun, heapq.heappop(waiting)[2])
