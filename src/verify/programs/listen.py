# Listens on every port that nobody holds, so that "closed" can only be the firewall's doing. It asks them itself, with scan.py.
# It goes on in the background until it is told to end, or until its deadline; it owns no file and no process name.
UDP, TCP = _socket.SOCK_DGRAM, _socket.SOCK_STREAM
DEFER_S = 30
LOOPBACK = {4: "127.0.0.1", 6: "::1"}


def listen_tcp(ports, addresses):
    """One dual-stack socket a port; where somebody holds a part of the port, one for each address that is left."""
    held, taken = [], {family: [] for family in addresses}
    for port in ports:
        sock = tcp_socket(socket.AF_INET6, "::", port)
        if sock is not None:
            held.append(sock)
            continue
        for family, address in addresses.items():
            sock = tcp_socket(FAMILIES[family], address, port)
            if sock is None:
                taken[family].append(port)
            else:
                held.append(sock)
    return held, taken


def tcp_socket(family, address, port):
    try:
        sock = _socket.socket(family, TCP | _socket.SOCK_NONBLOCK | _socket.SOCK_CLOEXEC)
    except OSError as error:
        if error.errno == errno.EAFNOSUPPORT:
            return None
        raise
    try:
        if family == socket.AF_INET6:
            sock.setsockopt(_socket.IPPROTO_IPV6, _socket.IPV6_V6ONLY, 0 if address == "::" else 1)
        # The kernel answers, and keeps nothing of a connection that never sends: no accept for 131,070 of them.
        sock.setsockopt(_socket.IPPROTO_TCP, _socket.TCP_DEFER_ACCEPT, DEFER_S)
        sock.bind((address, port))
        # After the bind: it must not join a port that somebody shares. It lets our own check use a port as its source.
        sock.setsockopt(_socket.SOL_SOCKET, _socket.SO_REUSEPORT, 1)
        sock.listen(64)
    except OSError as error:
        sock.close()
        if error.errno in (errno.EADDRINUSE, errno.EADDRNOTAVAIL):
            return None
        raise
    return sock


def listen_udp(ports, addresses):
    """One socket a port and address, so that an answer comes from the address that was asked."""
    held, taken = [], {family: [] for family in addresses}
    for port in ports:
        for family, address in addresses.items():
            sock = socket.socket(FAMILIES[family], UDP)
            try:
                sock.bind((address, port))
                sock.setblocking(False)
                held.append(sock)
            except OSError as error:
                sock.close()
                if error.errno != errno.EADDRINUSE:
                    raise
                taken[family].append(port)
    return held, taken


def listen(job):
    """Starts the listeners, asks each of them over the host's own loopback, and leaves them running."""
    addresses = {target["family"]: target["address"] for target in job["targets"]}
    if job["forgetFinished"]:
        forget_finished()
    slices = slices_of(job, addresses)
    names = ["%s-%d" % (job["name"], index) for index in range(len(slices))]
    try:
        taken = start_workers(job, addresses, slices, names)
        return {"workers": names, "families": ask_ourselves(job, addresses, taken)}
    except BaseException:
        end_listeners(names)
        raise


def slices_of(job, addresses):
    """A process for as many ports as its limit of open files holds: it cannot be raised everywhere."""
    tcp, others = ports_of(job["tcp"]), len(ports_of(job["udp"])) * len(addresses) + 64
    room = raise_file_limit(len(tcp) + others) - others
    size = max(1, min(room, len(tcp) // 2 + 1))
    return [tcp[start : start + size] for start in range(0, len(tcp), size)] or [[]]


def start_workers(job, addresses, slices, names):
    readers = []
    for name, tcp in zip(names, slices):
        reader, writer = os.pipe()
        if os.fork() == 0:
            os.close(reader)
            work(writer, name, tcp, ports_of(job["udp"]) if name == names[0] else [], addresses, job["deadlineS"])
        os.close(writer)
        readers.append(reader)
    both = {"tcp": {family: [] for family in addresses}, "udp": {family: [] for family in addresses}}
    for reader in readers:
        for proto, families in hear_from(reader).items():
            for family, ports in families.items():
                both[proto][int(family)] += ports
    return both


def work(writer, name, tcp, udp, addresses, deadline):
    """Never returns: what failed here is told, and no business of the program that this was split off from."""
    kept = {}

    def begin():
        kept["control"] = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        kept["control"].bind("\0" + name)
        kept["control"].listen(8)
        # Until here it ends with whoever started it, from here on it can be told to end.
        into_background(deadline)
        kept["tcp"], tcp_taken = listen_tcp(tcp, addresses)
        kept["udp"], udp_taken = listen_udp(udp, addresses)
        return {"tcp": tcp_taken, "udp": udp_taken}

    try:
        tell(writer, begin)  # fails, and ends it, where the starter is gone
        if "udp" in kept:
            echo_until_told(kept["udp"], kept["control"])
    finally:
        os._exit(0)


def into_background(deadline):
    """In a session of its own; the alarm ends it whatever happens to us."""
    os.setsid()
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(deadline)
    nowhere = os.open("/dev/null", os.O_RDWR)
    for handle in (0, 1, 2):
        os.dup2(nowhere, handle)


def echo_until_told(udp, control):
    poll, by_handle = select.poll(), {}
    for sock in udp + [control]:
        poll.register(sock, select.POLLIN)
        by_handle[sock.fileno()] = sock
    while True:
        for handle, _ in poll.poll():
            sock = by_handle[handle]
            if sock is control:
                return
            try:
                payload, peer = sock.recvfrom(2048)
                sock.sendto(b"echo " + payload, peer)
            except OSError:
                continue  # the asker is gone; the next one is asked for


def ask_ourselves(job, addresses, taken):
    """Every port of each address, from this host to itself: what is silent here proves nothing later."""
    tcp, udp = ports_of(job["tcp"]), ports_of(job["udp"])

    def ask(family, address):
        heard = ask_tcp(family, address, tcp, set(taken["tcp"][family]))
        answers = scan_udp(family, address, udp, 0.5)["open"]
        return {
            "family": family,
            "tcp": {"answers": heard["open"], "refused": heard["refused"], "taken": ranges(taken["tcp"][family])},
            "udp": {"answers": answers, "refused": [], "taken": ranges(taken["udp"][family])},
        }

    return at_once([lambda each=each: ask(*each) for each in addresses.items()])


def ask_tcp(family, address, tcp, taken):
    """The kernel has no port left to choose for us, so we share a listener's, on the loopback address where we can."""
    held = [port for port in tcp if port not in taken]
    if len(held) < 1024:
        return scan_tcp(family, address, tcp, 2, 4096)
    ours = scan_tcp(family, address, held, 2, 4096, (LOOPBACK[family], held[-1]))
    # Docker sends these on to a container, where an answer to the loopback address would be lost.
    theirs = scan_tcp(family, address, sorted(taken), 2, 4096, (address, held[-1]))
    return together([ours, theirs])


def forget_finished():
    """Connections that are over hold their port for a minute, and nobody can listen there. A host that is thrown away
    afterwards can do without that minute."""
    try:
        subprocess.run(["ss", "--kill", "state", "time-wait"], capture_output=True, timeout=10)
    except (FileNotFoundError, subprocess.TimeoutExpired):
        pass  # what stays held is told apart


def end_listeners(names):
    """Tells them to end and waits until they have. False for one that had ended before: what it held is not proven."""
    return [end_listener(name) for name in names]


def end_listener(name):
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as control:
        control.settimeout(60)
        try:
            control.connect("\0" + name)
        except ConnectionRefusedError:
            return False
        try:
            control.recv(1)
        except ConnectionResetError:
            pass  # it closed its end without having accepted ours: that is how it ends
        return True
