# Demesne's dead-man: it puts a change of accounts, sshd or firewall back unless a new connection proves access.
# Python standard library only. Called as: arm SPEC | confirm NONCE | revert NONCE | watch | boot.
import base64, contextlib, fcntl, json, os, secrets, stat, subprocess, sys, time

HOME = "/var/lib/demesne/deadman"
MARKER, LAST, LOCK = HOME + "/armed.json", HOME + "/last.json", HOME + "/lock"
LEASE_FOLDER = "/run/demesne"
LEASE, LEASE_LOCK = LEASE_FOLDER + "/lease.json", LEASE_FOLDER + "/lease.lock"
# How long a task that is just running may hold the revert up, in seconds.
LEASE_WAIT = 10
PROGRAM_TIMEOUT = 60
ENV = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", "HOME": "/"}


def now():
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def run(*argv, text=None):
    done = subprocess.run(argv, env=ENV, input=text, capture_output=True, text=True, timeout=PROGRAM_TIMEOUT)
    if done.returncode != 0:
        raise RuntimeError("%s: %s" % (" ".join(argv), (done.stderr or done.stdout).strip() or done.returncode))
    return done.stdout


@contextlib.contextmanager
def locked():
    os.makedirs(HOME, mode=0o700, exist_ok=True)
    with open(LOCK, "a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def flush(path):
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write(path, content, mode=0o600, uid=0, gid=0):
    # Whole or not at all, and on the disk before anything goes on.
    beside = path + ".demesne-back"
    with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fchown(file.fileno(), uid, gid)
        os.fchmod(file.fileno(), mode)
        os.fsync(file.fileno())
    os.rename(beside, path)
    flush(os.path.dirname(path))


def read(path):
    try:
        with open(path) as file:
            return json.load(file)
    except FileNotFoundError:
        return None


# ---- What there was

def path_now(path):
    try:
        st = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return {"type": "absent"}
    about = {"mode": stat.S_IMODE(st.st_mode), "uid": st.st_uid, "gid": st.st_gid}
    if stat.S_ISLNK(st.st_mode):
        return {"type": "symlink", "target": os.readlink(path)}
    if stat.S_ISDIR(st.st_mode):
        return {"type": "directory", **about}
    with open(path, "rb") as file:
        return {"type": "file", "content": base64.b64encode(file.read()).decode(), **about}


def unit_now(unit):
    told = run("systemctl", "show", "--property=LoadState,UnitFileState,ActiveState", unit)
    state = dict(line.split("=", 1) for line in told.split("\n") if "=" in line)
    return {
        "masked": state["LoadState"] == "masked",
        "enabled": state["UnitFileState"] in ("enabled", "enabled-runtime"),
        "active": state["ActiveState"] in ("active", "activating", "reloading"),
    }


def table_now(table):
    try:
        return run("nft", "--stateless", "list", "table", *table.split(" "))
    except FileNotFoundError:
        return None
    except RuntimeError as error:
        if "No such file or directory" in str(error):
            return None
        raise


def arm(spec):
    with locked():
        if read(MARKER) is not None:
            sys.exit("another window is still open on this host; it closes by itself")
        before = {
            "paths": {path: path_now(path) for path in spec["paths"]},
            "units": {unit: unit_now(unit) for unit in spec["units"]},
            "tables": {table: table_now(table) for table in spec["tables"]},
        }
        window = {key: spec[key] for key in ("nonce", "name", "seconds")}
        write(MARKER, json.dumps({**window, "deadline": now() + spec["seconds"], "before": before}).encode())
    try:
        run("systemctl", "start", "demesne-deadman.service")
    except Exception:
        os.unlink(MARKER)
        raise


# ---- Putting it back

def put_path(path, before):
    for half in (path + ".demesne-new", path + ".demesne-back"):
        with contextlib.suppress(FileNotFoundError, NotADirectoryError, IsADirectoryError):
            os.unlink(half)
    kind = before["type"]
    if kind == "file":
        write(path, base64.b64decode(before["content"]), before["mode"], before["uid"], before["gid"])
        return
    if kind == "directory":
        os.makedirs(path, exist_ok=True)
        os.chown(path, before["uid"], before["gid"])
        os.chmod(path, before["mode"])
        return
    if os.path.isdir(path) and not os.path.islink(path):
        # It was not there before; whatever others have put into it since stays.
        with contextlib.suppress(OSError):
            os.rmdir(path)
        return
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        os.unlink(path)
    if kind == "symlink":
        os.symlink(before["target"], path)


def put_enabled(unit, before):
    is_now = unit_now(unit)
    if is_now["masked"] != before["masked"]:
        run("systemctl", "mask" if before["masked"] else "unmask", unit)
    elif is_now["enabled"] != before["enabled"]:
        run("systemctl", "enable" if before["enabled"] else "disable", unit)


def put_active(unit, before, booting):
    if booting:
        run("systemctl", "--no-block", "start" if before["active"] else "stop", unit)
    elif before["active"]:
        run("systemctl", "reset-failed", unit)
        run("systemctl", "restart", unit)
    elif unit_now(unit)["active"]:
        run("systemctl", "stop", unit)


def put_tables(tables):
    # One transaction: the old table goes and the one from before comes, or nothing happens.
    parts = ["table %s\ndelete table %s\n%s" % (name, name, text or "") for name, text in tables.items()]
    if parts and (any(tables.values()) or os.path.exists("/usr/sbin/nft")):
        run("nft", "--file", "-", text="".join(parts))


def take_lease():
    # From here on no task of the apply starts any more, and the one that is running ends first.
    os.makedirs(LEASE_FOLDER, mode=0o700, exist_ok=True)
    held = {"token": secrets.token_hex(16), "holder": "the dead-man of this host", "plan": "", "at": time.time()}
    last = read(LEASE)
    if last is not None and "remote" in last:
        # Whoever takes the lease next removes what the last holder left in memory.
        held["remote"] = last["remote"]
    write(LEASE, json.dumps(held).encode())
    handle = os.open(LEASE_LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    until = now() + LEASE_WAIT
    while now() < until:
        try:
            return fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.1)


def revert(why, marker):
    errors = []

    def attempt(work, *args):
        # Each thing is put back whatever became of the others: half a way in is better than none.
        try:
            work(*args)
        except Exception as error:
            errors.append("%s: %s" % (args[0] if args else work.__name__, error))

    before, booting = marker["before"], why == "boot"
    attempt(take_lease)
    for unit, state in before["units"].items():
        if not state["enabled"]:
            attempt(put_enabled, unit, state)
    paths = before["paths"]
    for path in sorted(each for each in paths if paths[each]["type"] != "absent"):
        attempt(put_path, path, paths[path])
    for path in sorted((each for each in paths if paths[each]["type"] == "absent"), reverse=True):
        attempt(put_path, path, paths[path])
    if before["units"]:
        attempt(run, "systemctl", "daemon-reload")
    for unit, state in before["units"].items():
        attempt(put_enabled, unit, state)
    attempt(put_tables, before["tables"])
    for unit, state in before["units"].items():
        attempt(put_active, unit, state, booting)
    done = {"nonce": marker["nonce"], "name": marker["name"], "outcome": "reverted", "why": why, "errors": errors}
    close(done)
    return done


def close(done):
    write(LAST, json.dumps({**done, "at": time.time()}).encode())
    os.unlink(MARKER)
    flush(HOME)


def confirm(nonce):
    with locked():
        marker = read(MARKER)
        if marker is None or marker["nonce"] != nonce:
            return read(LAST)
        done = {"nonce": nonce, "name": marker["name"], "outcome": "confirmed", "why": "access was proven", "errors": []}
        close(done)
        return done


def revert_if(why, applies):
    with locked():
        marker = read(MARKER)
        return revert(why, marker) if marker is not None and applies(marker) else read(LAST)


def watch():
    while True:
        marker = read(MARKER)
        if marker is None:
            return
        if now() >= marker["deadline"]:
            revert_if("nobody proved access in time", lambda each: now() >= each["deadline"])
        time.sleep(0.2)


def main(verb, *args):
    if verb == "arm":
        arm(json.loads(args[0]))
    elif verb == "confirm":
        print(json.dumps(confirm(args[0])))
    elif verb == "revert":
        print(json.dumps(revert_if("the apply asked for it", lambda each: each["nonce"] == args[0])))
    elif verb == "boot":
        revert_if("boot", lambda each: True)
    else:
        watch()


main(*sys.argv[1:])
