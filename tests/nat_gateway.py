"""A gateway that maps ports, for e2e_nat_test.py: PCP (RFC 6887, MAP of TCP) and NAT-PMP (RFC 6886), one client.

    nat_gateway.py HOST PORT ANNOUNCE_TO

Commands come as lines of JSON: {"speak": "pcp" | "pmp" | "nothing", "result": N, "lifetime": S} set how it answers from
then on, {"restart": true} makes it forget everything and say so, after somebody else has said it as well. Each thing that happens goes out as such a line.

Before each right answer in PCP it sends two wrong ones: from another port, and with another nonce.
"""

import json
import selectors
import socket
import struct
import sys
import time

EXTERNAL = bytes((203, 0, 113, 5))
PORT = 40000
ANNOUNCE_PORT = 5350
TCP = 6
MAPPED_V4 = bytes(10) + b"\xff\xff"


class Gateway:
    def __init__(self, host, port, announce_to):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((host, port))
        self.other = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.other.bind((host, 0))
        self.announce_to = announce_to
        self.speak, self.result, self.lifetime = "pcp", 0, 3600
        self.begun = time.monotonic() - 1000
        self.mappings = {}  # internal port -> external port

    def tell(self, event, **more):
        print(json.dumps({"event": event, "mappings": self.mappings, **more}), flush=True)

    def epoch(self):
        return int(time.monotonic() - self.begun)

    def keep(self, internal, lifetime):
        if lifetime == 0:
            self.mappings.pop(internal, None)
            return 0
        return self.mappings.setdefault(internal, PORT)

    def pcp_answer(self, result, lifetime, nonce, internal, external):
        head = struct.pack(">BBBBII12x", 2, 0x81, 0, result, lifetime, self.epoch())
        body = nonce + struct.pack(">B3xHH", TCP, internal, external)
        return head + body + MAPPED_V4 + EXTERNAL

    def on_pcp(self, data, sender):
        if self.speak == "pmp":
            self.socket.sendto(struct.pack(">BBHI", 0, 0x81, 1, self.epoch()), sender)
            self.tell("too_new")
            return
        _, opcode, lifetime = struct.unpack(">BB2xI", data[:8])
        nonce, protocol, internal, wished = data[24:36], data[36], *struct.unpack(">HH", data[40:44])
        assert len(data) == 60 and opcode == 1 and protocol == TCP, data.hex()
        if data[8:24] != MAPPED_V4 + socket.inet_aton(sender[0]):
            self.socket.sendto(self.pcp_answer(12, 30, nonce, internal, 0), sender)
            self.tell("address_mismatch")
            return
        self.other.sendto(self.pcp_answer(0, 3600, nonce, internal, 1111), sender)
        self.socket.sendto(self.pcp_answer(0, 3600, bytes(12), internal, 2222), sender)
        granted = min(lifetime, self.lifetime)
        external = 0 if self.result else self.keep(internal, granted)
        self.socket.sendto(self.pcp_answer(self.result, 30 if self.result else granted, nonce, internal, external),
                           sender)
        self.tell("delete" if lifetime == 0 else "map", protocol="pcp", result=self.result, nonce=nonce.hex(),
                  wished=wished, internal=internal)

    def on_pmp(self, data, sender):
        opcode = data[1]
        if opcode == 0:
            self.socket.sendto(struct.pack(">BBHI", 0, 0x80, self.result, self.epoch()) + EXTERNAL, sender)
            self.tell("address", protocol="nat-pmp")
            return
        internal, wished, lifetime = struct.unpack(">HHI", data[4:12])
        assert opcode == 2, data.hex()
        granted = min(lifetime, self.lifetime)
        external = self.keep(internal, granted)
        self.socket.sendto(struct.pack(">BBHIHHI", 0, 0x82, self.result, self.epoch(), internal, external, granted),
                           sender)
        self.tell("delete" if lifetime == 0 else "map", protocol="nat-pmp", result=self.result, wished=wished,
                  internal=internal)

    def on_datagram(self):
        data, sender = self.socket.recvfrom(2048)
        if self.speak == "nothing":
            self.tell("ignored")
        elif data[0] == 0:
            self.on_pmp(data, sender)
        else:
            self.on_pcp(data, sender)

    def announce(self, source, epoch):
        source.sendto(struct.pack(">BBBBII12x", 2, 0x80, 0, 0, 0, epoch), (self.announce_to, ANNOUNCE_PORT))

    def on_command(self, command):
        self.speak = command.get("speak", self.speak)
        self.result = command.get("result", self.result)
        self.lifetime = command.get("lifetime", self.lifetime)
        if command.get("restart"):
            self.announce(self.other, 100)
            self.begun = time.monotonic()
            self.mappings = {}
            self.announce(self.socket, self.epoch())
        self.tell("command", command=command)


def main():
    gateway = Gateway(sys.argv[1], int(sys.argv[2]), sys.argv[3])
    gateway.tell("up", port=gateway.socket.getsockname()[1])
    with selectors.DefaultSelector() as selector:
        selector.register(gateway.socket, selectors.EVENT_READ)
        selector.register(sys.stdin, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fileobj is gateway.socket:
                    gateway.on_datagram()
                    continue
                line = sys.stdin.readline()
                if not line:
                    return
                gateway.on_command(json.loads(line))


if __name__ == "__main__":
    main()
