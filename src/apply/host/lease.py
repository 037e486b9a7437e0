# Demesne's lease: the right to change this host, held by one apply at a time. Python standard library only.
# Sent over stdin to be taken and released. A copy of it that knows the holder's token then lies on the host, and every task
# of the apply is started by it instead of Python: it runs Python for the holder, and for nobody else.
import fcntl, glob, hashlib, hmac, json, os, sys, time

FOLDER, NOTES = "/run/demesne", "/var/lib/demesne"
STATE, LOCK, USED = (FOLDER + name for name in ("/lease.json", "/lease.lock", "/lease.used"))
# Not in /run, from which many systems let nothing be started.
STARTER = NOTES + "/lease-"
RECEIPTS = NOTES + "/receipts.jsonl"
PYTHON = "/usr/bin/python3"
# A task that is just running is waited for, in seconds.
WAIT = 10
LOST = "demesne: the lease is lost"


def now():
    # Goes on while the machine sleeps, and nobody can set it.
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def read(path):
    try:
        with open(path) as file:
            return json.load(file)
    except FileNotFoundError:
        return None


def write(path, text, mode=0o600):
    beside = "%s.%d" % (path, os.getpid())
    with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, mode), "w") as file:
        file.write(text)
    os.rename(beside, path)


def lock(how, seconds):
    os.makedirs(FOLDER, mode=0o700, exist_ok=True)
    handle = os.open(LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    until = now() + seconds
    while True:
        try:
            fcntl.flock(handle, how | fcntl.LOCK_NB)
            return handle
        except BlockingIOError:
            if now() >= until:
                os.close(handle)
                return None
            time.sleep(0.05)


def holds(token):
    state = read(STATE)
    return state is not None and hmac.compare_digest(state["token"], token), state


def status():
    state = read(STATE)
    if state is None:
        return None
    handle = lock(fcntl.LOCK_EX, 0)
    if handle is not None:
        os.close(handle)
    left = (read(USED) or 0) + state.get("seconds", 0) - now()
    public = {key: state[key] for key in ("holder", "machine", "pid", "started", "plan", "at") if key in state}
    return {**public, "running": handle is None, "left": max(0, round(left))}


def take(ask):
    handle = lock(fcntl.LOCK_EX, WAIT)
    held = status_held(handle)
    if handle is None or (held is not None and held["left"] > 0 and not ask["takeOver"]):
        return {"held": held}
    sweep(read(STATE))
    os.makedirs(NOTES, mode=0o700, exist_ok=True)
    starter = STARTER + os.urandom(16).hex()
    write(starter, "#!/usr/bin/python3 -ISB\n%s\nstart(%r, sys.argv[1:])\n" % (ask["program"], ask["token"]), 0o700)
    write(USED, json.dumps(now()))
    write(STATE, json.dumps({**{key: ask[key] for key in ("token", "holder", "machine", "pid", "started", "plan", "seconds", "remote")}, "at": time.time()}))
    return {"took": held, "starter": starter}


def sweep(last):
    # What a holder left who did not come to release it.
    for path in glob.glob(STARTER + "*"):
        os.unlink(path)
    if last is not None and "remote" in last:
        remove(last["remote"])


def status_held(handle):
    # With the lock in hand nothing is running; without it, something is.
    held = status()
    return None if held is None else {**held, "running": handle is None}


def release(ask):
    handle = lock(fcntl.LOCK_EX, WAIT)
    own, _ = holds(ask["token"])
    for path in ask["remove"]:
        remove(path)
    if own and ask["receipt"] is not None:
        receive(ask["receipt"])
    if own and handle is not None:
        for path in (STATE, USED, *glob.glob(STARTER + "*")):
            os.unlink(path)
    return {"released": own}


def remove(path):
    # Only what the apply itself made: its folder in memory and files that it had not yet renamed into their place.
    if path.startswith("/dev/shm/demesne-"):
        for folder, folders, files in os.walk(path, topdown=False):
            for name in files:
                os.unlink(os.path.join(folder, name))
            os.rmdir(folder)
    elif path.endswith(".demesne-new") and os.path.lexists(path):
        os.unlink(path)


def receive(receipt):
    # A chain of its own on the host: each line holds the digest of the one before.
    os.makedirs(NOTES, mode=0o700, exist_ok=True)
    last = b""
    if os.path.exists(RECEIPTS):
        with open(RECEIPTS, "rb") as file:
            last = (file.read().rstrip(b"\n").split(b"\n") or [b""])[-1]
    prev = "sha256:" + hashlib.sha256(last).hexdigest()
    with open(os.open(RECEIPTS, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600), "a") as file:
        file.write(json.dumps({**receipt, "prev": prev, "at": time.time()}, sort_keys=True) + "\n")
        file.flush()
        os.fsync(file.fileno())


def start(token, argv):
    handle = lock(fcntl.LOCK_SH, 60)
    own, state = holds(token)
    if handle is None or not own:
        sys.exit("%s: %s" % (LOST, "nobody holds it" if state is None else "it is held by " + state["holder"]))
    write(USED, json.dumps(now()))
    # The task holds the lock as long as it runs, even when whoever started it is gone.
    os.set_inheritable(handle, True)
    os.execv(PYTHON, [PYTHON] + argv)


def main(ask):
    verbs = {"take": take, "release": release, "status": lambda _: {"lease": status()}}
    print(json.dumps(verbs[ask["verb"]](ask)))
