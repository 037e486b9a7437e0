# What Demesne is doing on this host at this moment, and how its last work here ended. Read-only. Python standard library.
# Sent over stdin behind lease.py, whose functions it uses.
import subprocess


def tail(path):
    try:
        with open(path) as file:
            lines = [line for line in file.read().split("\n") if line != ""]
        return json.loads(lines[-1]) if lines else None
    except (FileNotFoundError, NotADirectoryError):
        return None


def window():
    marker = read(NOTES + "/deadman/armed.json")
    if marker is None:
        return None
    return {"name": marker["name"], "nonce": marker["nonce"], "left": max(0, round(marker["deadline"] - now()))}


def packages():
    # What a stopped dpkg left half-done.
    done = subprocess.run(["dpkg", "--audit"], env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}, capture_output=True, text=True, timeout=20)
    return [line.split()[0] for line in done.stdout.split("\n") if line.startswith(" ")]


def report():
    print(json.dumps({
        "lease": status(),
        "window": window(),
        "last": read(NOTES + "/deadman/last.json"),
        "begun": tail(NOTES + "/applied.jsonl"),
        "receipt": tail(RECEIPTS),
        "packages": packages(),
        "clock": time.time(),
    }))
