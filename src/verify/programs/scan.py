# Asks many ports of one address, thousands at a time, and says how each answered: open, refused, unreachable or silent.
# `_socket` is the socket module's own core: the class on top of it doubles the cost of each of 131,070 sockets.
RESET_ON_CLOSE = struct.pack("ii", 1, 0)
TURN = 512
KERNEL_ASKS_AGAIN = 1.0


class Sweep:
    """Non-blocking connects to TCP ports, `window` of them under way. What is silent the kernel asks once more, a second
    later, by itself: cheaper by half than a second connect."""

    def __init__(self, family, address, patience, window, source=None):
        self.family, self.address, self.patience, self.window = FAMILIES[family], address, patience, window
        self.source, self.poll, self.under_way, self.order = source, select.epoll(), {}, collections.deque()
        self.open, self.refused, self.unreachable, self.silent, self.trips = [], [], {}, [], []

    def run(self, ports):
        waiting = list(ports)
        waiting.reverse()
        while waiting or self.under_way:
            for _ in range(min(TURN, len(waiting), self.window - len(self.under_way))):
                self.ask(waiting.pop())
            looked = time.monotonic()
            idle = not waiting or len(self.under_way) >= self.window
            for handle, _ in self.poll.poll(0.01 if idle else 0, 65536):
                self.hear(handle)
            # Only what had its time before the last look is silent: our own slowness must not count against the host.
            self.give_up(looked - self.patience)
        self.poll.close()
        return {
            "open": ranges(self.open),
            "refused": ranges(self.refused),
            "unreachable": {name: ranges(ports) for name, ports in self.unreachable.items()},
            "silent": ranges(self.silent),
            "tripMs": round(min(self.trips) * 1000, 3) if self.trips else None,
        }

    def ask(self, port):
        sock = _socket.socket(self.family, _socket.SOCK_STREAM | _socket.SOCK_NONBLOCK | _socket.SOCK_CLOEXEC)
        if self.source is not None:
            # Every port is held by a listener, so none is free for the kernel to choose: share one of the listeners'.
            sock.setsockopt(_socket.SOL_SOCKET, _socket.SO_REUSEPORT, 1)
            sock.bind(self.source)
        now = time.monotonic()
        code = sock.connect_ex((self.address, port))
        if code == errno.EINPROGRESS:
            handle = sock.fileno()
            self.under_way[handle] = (sock, port, now)
            self.order.append((handle, sock, now))
            self.poll.register(handle, select.EPOLLOUT | select.EPOLLONESHOT)
        else:
            self.end(sock, port, code)

    def hear(self, handle):
        sock, port, asked = self.under_way.pop(handle)
        code = sock.getsockopt(_socket.SOL_SOCKET, _socket.SO_ERROR)
        if code == 0 and len(self.trips) < 1024:
            self.trips.append(time.monotonic() - asked)
        self.end(sock, port, code)

    def end(self, sock, port, code):
        if code == 0:
            self.open.append(port)
            sock.setsockopt(_socket.SOL_SOCKET, _socket.SO_LINGER, RESET_ON_CLOSE)
        elif code in (errno.ECONNREFUSED, errno.ECONNRESET):
            self.refused.append(port)
        elif code == errno.ETIMEDOUT:
            self.silent.append(port)
        else:
            self.unreachable.setdefault(errno.errorcode.get(code, str(code)), []).append(port)
        sock.close()

    def give_up(self, before):
        while self.order and self.order[0][2] <= before:
            handle, sock, _ = self.order.popleft()
            found = self.under_way.get(handle)
            # The handle's number may be another socket's by now.
            if found is not None and found[0] is sock:
                del self.under_way[handle]
                self.silent.append(found[1])
                sock.close()


def scan_tcp(family, address, ports, patience, window, source=None):
    """In as many processes as the limit of open files asks for; `window` is what all of them have under way."""
    room = max(1, raise_file_limit(min(window, len(ports)) + 64) - 64)
    parts = max(1, min(8, -(-min(window, len(ports)) // room)))
    size = min(room, max(1, window // parts))
    work = [lambda part=ports[start::parts]: Sweep(family, address, patience, size, source).run(part) for start in range(parts)]
    return together(at_once(work) if parts > 1 else [work[0]()])


def together(answers):
    trips = [each["tripMs"] for each in answers if each["tripMs"] is not None]
    names = {name for each in answers for name in each["unreachable"]}
    join = lambda lists: ranges([port for some in lists for port in ports_of(some)])
    return {
        **{word: join([each[word] for each in answers]) for word in ("open", "refused", "silent")},
        "unreachable": {name: join([each["unreachable"].get(name, []) for each in answers]) for name in sorted(names)},
        "tripMs": min(trips) if trips else None,
    }


def scan_udp(family, address, ports, timeout):
    """Each port is asked three times, since UDP promises nothing; any answer at all is `open`."""
    found = {"open": [], "refused": [], "unreachable": {}}
    waiting = list(ports)
    for _ in range(3):
        waiting = ask_udp(FAMILIES[family], address, waiting, timeout, found)
    unreachable = {name: ranges(each) for name, each in found["unreachable"].items()}
    return {
        "open": ranges(found["open"]),
        "refused": ranges(found["refused"]),
        "unreachable": unreachable,
        "silent": ranges(waiting),
    }


def ask_udp(family, address, ports, timeout, found):
    poll, under_way = select.poll(), {}
    for port in ports:
        sock = socket.socket(family, socket.SOCK_DGRAM)
        sock.setblocking(False)
        try:
            sock.connect((address, port))
            sock.send(b"demesne")
        except OSError as error:
            note_udp(found, port, error.errno)
            sock.close()
            continue
        under_way[sock.fileno()] = (sock, port)
        poll.register(sock, select.POLLIN)
    ends = time.monotonic() + timeout
    while under_way and time.monotonic() < ends:
        for handle, _ in poll.poll(max(1, int((ends - time.monotonic()) * 1000))):
            sock, port = under_way.pop(handle)
            poll.unregister(handle)
            try:
                sock.recv(2048)
                found["open"].append(port)
            except OSError as error:
                note_udp(found, port, error.errno)
            sock.close()
    silent = [port for _, port in under_way.values()]
    for sock, _ in under_way.values():
        sock.close()
    return silent


def note_udp(found, port, code):
    if code == errno.ECONNREFUSED:
        found["refused"].append(port)
    else:
        found["unreachable"].setdefault(errno.errorcode.get(code, str(code)), []).append(port)


def scan(job):
    """Both families at once, TCP before UDP."""
    return at_once([lambda target=target: scan_target(target, job) for target in job["targets"]])


def scan_target(target, job):
    family, address = target["family"], target["address"]
    answer = job["answerMs"] / 1000
    return {
        "family": family,
        "address": address,
        "source": source_towards(family, address),
        "tcp": scan_tcp(family, address, ports_of(job["tcp"]), KERNEL_ASKS_AGAIN + answer, job["window"]),
        "udp": scan_udp(family, address, ports_of(job["udp"]), answer),
    }
