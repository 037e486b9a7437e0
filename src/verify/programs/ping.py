# Pings addresses: proof that packets for them arrive.


def echoes(targets):
    """Which addresses answer a ping: proof that packets for them arrive at the host, whatever it does with them then."""
    return [echo(target["family"], target["address"]) for target in targets]


def echo(family, address):
    proto, kind, answer = {4: (socket.IPPROTO_ICMP, 8, 0), 6: (socket.IPPROTO_ICMPV6, 128, 129)}[family]
    ident = os.getpid() & 0xFFFF
    with socket.socket(FAMILIES[family], socket.SOCK_RAW, proto) as sock:
        sock.settimeout(0.5)
        for number in range(4):
            packet = struct.pack("!BBHHH", kind, 0, 0, ident, number)
            # The kernel fills in the checksum of ICMPv6 only.
            packet = packet if family == 6 else struct.pack("!BBHHH", kind, 0, checksum(packet), ident, number)
            try:
                sock.sendto(packet, (address, 0))
                ends = time.monotonic() + 0.5
                while time.monotonic() < ends:
                    heard, peer = sock.recvfrom(2048)
                    heard = heard[(heard[0] & 15) * 4 :] if family == 4 else heard
                    if peer[0] == address and heard[0] == answer and struct.unpack("!H", heard[4:6])[0] == ident:
                        return True
            except OSError:
                continue
    return False


def checksum(packet):
    total = sum(struct.unpack("!%dH" % (len(packet) // 2), packet))
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF
