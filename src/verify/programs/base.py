# What the programs beside this one share: it is sent in front of them. Python standard library only, on every host; sent
# over stdin, leaving nothing behind.
import _socket, collections, errno, json, os, resource, select, signal, socket, struct, subprocess, time

FAMILIES = {4: socket.AF_INET, 6: socket.AF_INET6}


def raise_file_limit(wanted):
    """As many open sockets as we are allowed: root may raise its own limit, others keep theirs."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, max(hard, wanted)))
    except (ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def source_towards(family, address):
    """Which of our addresses the host sees; a connect of a UDP socket sends nothing."""
    try:
        with socket.socket(FAMILIES[family], socket.SOCK_DGRAM) as sock:
            sock.connect((address, 9))
            return sock.getsockname()[0]
    except OSError:
        return None


def ranges(ports):
    found = []
    for port in sorted(ports):
        if found and found[-1][1] == port - 1:
            found[-1][1] = port
        else:
            found.append([port, port])
    return found


def ports_of(some):
    return [port for first, last in some for port in range(first, last + 1)]


def at_once(works):
    """Runs each function in a process of its own and answers with their results, or fails as the first of them did."""
    begun = []
    for work in works:
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reader)
            tell(writer, work)
            os._exit(0)
        os.close(writer)
        begun.append((child, reader))
    try:
        return [hear_from(reader) for _, reader in begun]
    finally:
        for child, _ in begun:
            os.waitpid(child, 0)


def tell(writer, work):
    try:
        told = {"value": work()}
    except Exception as error:
        told = {"error": "%s: %s" % (type(error).__name__, error)}
    with os.fdopen(writer, "w") as file:
        json.dump(told, file)


def hear_from(reader):
    with os.fdopen(reader) as file:
        told = json.loads(file.read() or '{"error": "a process ended without a word"}')
    if "error" in told:
        raise RuntimeError(told["error"])
    return told["value"]


def answer(nonce, work):
    """Between nonces, so that nothing a login shell prints is taken for it."""
    print(nonce + json.dumps(work()) + nonce, flush=True)
