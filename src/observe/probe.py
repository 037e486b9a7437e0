# Demesne's probe: one read-only look at a host. Python standard library only; sent over stdin, leaves nothing behind.
# It knows three questions (stat, run, docker) and answers one JSON between two nonces.
# What only some hosts need (socket, hmac) is imported where it is used: half of a look's processor time is imports.
import binascii, grp, json, os, pwd, re, stat, subprocess, sys, threading

try:
    from _sha2 import sha256  # hashlib loads all of OpenSSL first, which takes as long as starting Python.
except ImportError:
    from hashlib import sha256

# Commands that only look, and what each further word of them must look like. Anything else is not run: a further word
# can turn a look into a change (`nft list table a ; flush ruleset`, `journalctl --header --rotate`).
NONE = r"(?!)"
ALLOWED = [
    (["dpkg-query", "--show"], r"--showformat=.*|[a-z0-9][a-z0-9+.:-]*"),
    (["systemctl", "show"], r"--property=[A-Za-z,]+|[\w.:][\w@.:-]*"),
    (["nft", "--stateless", "list", "table"], r"\w+"),
    (["passwd", "--status", "--all"], NONE),
    (["sshd", "-T"], NONE),
    (["apt-config", "dump"], r"[A-Za-z][\w:-]*"),
    (["timedatectl", "show"], r"--property=\w+"),
    (["findmnt", "--json"], r"/.*"),
    (["journalctl", "--header"], NONE),
    (["docker", "compose", "version"], NONE),
]
MAX_TEXT = 256 * 1024
RUN_TIMEOUT = 20
ENV = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", "HOME": "/"}
USERS, GROUPS = {}, {}


def look(path, content, key):
    try:
        st = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return {"type": "absent"}
    kinds = {stat.S_IFREG: "file", stat.S_IFDIR: "directory", stat.S_IFLNK: "symlink"}
    answer = {
        "type": kinds.get(stat.S_IFMT(st.st_mode), "other"),
        "mode": "%04o" % stat.S_IMODE(st.st_mode),
        "owner": name(USERS, pwd.getpwuid, st.st_uid),
        "group": name(GROUPS, grp.getgrgid, st.st_gid),
    }
    if answer["type"] == "symlink":
        answer["target"] = os.readlink(path)
    if answer["type"] != "file":
        return answer
    inside = read(path, content, key)
    return inside if "unobservable" in inside else {**answer, **inside}


def name(known, find, number):
    if number not in known:
        try:
            known[number] = find(number)[0]
        except KeyError:
            known[number] = str(number)
    return known[number]


def read(path, content, key):
    # O_NOFOLLOW and O_NONBLOCK: what was a plain file a moment ago may have been swapped for a link or a pipe.
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            return {"unobservable": "%s was swapped while it was looked at" % path}
        if key is not None:
            import hmac

            return {"digest": "hmac-sha256:" + hmac.new(key, file.read(), "sha256").hexdigest()}
        total, head = sha256(), b""
        while True:
            block = file.read(1 << 20)
            if not block:
                break
            total.update(block)
            if len(head) <= MAX_TEXT:
                head += block[: MAX_TEXT + 1 - len(head)]
    answer = {"digest": "sha256:" + total.hexdigest()}
    if content and len(head) <= MAX_TEXT:
        try:
            answer["content"] = head.decode()
        except UnicodeDecodeError:
            pass
    return answer


def is_allowed(argv):
    for prefix, further in ALLOWED:
        if argv[: len(prefix)] == prefix:
            return all(re.fullmatch(further, word, re.ASCII) for word in argv[len(prefix) :])
    return False


def run(argv):
    if not is_allowed(argv):
        return {"unobservable": "%s is not a command that the probe may run" % " ".join(argv[:2])}
    try:
        done = subprocess.run(argv, env=ENV, cwd="/", stdin=subprocess.DEVNULL, capture_output=True, timeout=RUN_TIMEOUT)
    except FileNotFoundError:
        return {"unobservable": "%s is not installed" % argv[0]}
    except subprocess.TimeoutExpired:
        return {"unobservable": "%s gave no answer within %d s" % (" ".join(argv[:2]), RUN_TIMEOUT)}
    return {"status": done.returncode, "stdout": done.stdout.decode(errors="replace"), "stderr": done.stderr.decode(errors="replace")}


def docker(path):
    # Asked over the socket, since the docker program takes 20 ms and more to start. GET only.
    if not re.fullmatch(r"/[!-~]*", path):
        return {"unobservable": "%r is not a path of the Docker engine" % path}
    import socket

    client = socket.socket(socket.AF_UNIX)
    client.settimeout(RUN_TIMEOUT)
    try:
        client.connect("/run/docker.sock")
        client.sendall(("GET %s HTTP/1.0\r\nHost: docker\r\n\r\n" % path).encode())
        raw = b"".join(iter(lambda: client.recv(1 << 16), b""))
    except OSError as error:
        return {"unobservable": "the Docker engine does not answer: %s" % (error.strerror or error)}
    finally:
        client.close()
    head, _, body = raw.partition(b"\r\n\r\n")
    return {"status": int(head.split(b" ", 2)[1]), "body": json.loads(body)}


def answer(query, key):
    try:
        if query["ask"] == "stat" and query.get("keyed") and key is None:
            return {"unobservable": "there is no key for the digest of %s" % query["path"]}
        if query["ask"] == "stat":
            return look(query["path"], query.get("content", False), key if query.get("keyed") else None)
        if query["ask"] == "run":
            return run(query["argv"] + query.get("operands", []))
        if query["ask"] == "docker":
            return docker(query["path"])
        return {"unobservable": "the probe does not know the question %s" % query["ask"]}
    except Exception as error:
        return {"unobservable": "%s: %s" % (type(error).__name__, error)}


def text(path):
    try:
        with open(path) as file:
            return file.read()
    except OSError:
        return ""


def came_from():
    """Address of the ssh client, from the environment of a process above us: sudo keeps it from ours."""
    pid = os.getpid()
    while pid > 1:
        try:
            with open("/proc/%d/environ" % pid, "rb") as file:
                found = [pair for pair in file.read().split(b"\0") if pair.startswith(b"SSH_CONNECTION=")]
            with open("/proc/%d/stat" % pid) as file:
                pid = int(file.read().rpartition(")")[2].split()[1])
        except OSError:
            return ""
        if found:
            return found[0].split(b"=")[1].split(b" ")[0].decode()
    return ""


def noted(name):
    """Demesne's own notes. None where there are none yet; what cannot be read is never taken for that."""
    try:
        with open("/var/lib/demesne/" + name, encoding="utf-8") as file:
            return file.read()
    except FileNotFoundError:
        return None


def owned():
    content = noted("owned.json")
    if content is None:
        return []
    entries = json.loads(content)["owned"]
    if not all(isinstance(entry["ref"], str) and isinstance(entry["probe"], list) for entry in entries):
        raise ValueError("an entry without ref or probe")
    return entries


def merged(queries):
    """Queries of one argv become one command with all their operands."""
    by_key, order = {}, []
    for query in queries:
        key = json.dumps([query["ask"], query.get("argv"), query.get("path"), query.get("content"), query.get("keyed")])
        if key not in by_key:
            by_key[key] = dict(query)
            order.append(by_key[key])
        elif "operands" in query:
            known = by_key[key]
            known["operands"] = sorted(set(known.get("operands", [])) | set(query["operands"]))
    return order


def main(request):
    key = binascii.a2b_base64(request["key"]) if request.get("key") else None
    try:
        mine, applied, broken = owned(), noted("applied.jsonl") or "", None
    except Exception as error:
        mine, applied, broken = [], "", "%s: %s" % (type(error).__name__, error)
    queries = merged(request["queries"] + [query for entry in mine for query in entry["probe"]])
    answers = [None] * len(queries)

    def work(index):
        answers[index] = answer(queries[index], key)

    # What starts a program or waits for a socket runs beside the others; plain looks are quicker than a thread.
    slow = [threading.Thread(target=work, args=(index,)) for index, query in enumerate(queries) if query["ask"] != "stat"]
    for thread in slow:
        thread.start()
    for index, query in enumerate(queries):
        if query["ask"] == "stat":
            work(index)
    for thread in slow:
        thread.join()
    result = {
        "format": 1,
        "host": {
            "machineId": text("/etc/machine-id").strip(),
            "os": text("/etc/os-release"),
            "python": "%d.%d.%d" % sys.version_info[:3],
            "root": os.geteuid() == 0,
            "cameFrom": came_from(),
        },
        "owned": mine,
        "applied": applied,
        "receipt": text("/var/lib/demesne/receipts.jsonl").rstrip("\n").rpartition("\n")[2],
        "ownedBroken": broken,
        "answers": [{"query": query, "answer": given} for query, given in zip(queries, answers)],
    }
    print(request["nonce"] + json.dumps(result) + request["nonce"])
