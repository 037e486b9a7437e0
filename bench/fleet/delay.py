# Delays frames on their way to the fleet, for kernels without sch_netem. Two tap devices stand between the machine's link and
# the hosts' bridge; what comes in at the first leaves at the second MS later, what comes back passes at once. So every round
# trip takes MS longer, as with `netem delay` on one end. It costs the machine some CPU time, of both sides of a comparison.
import fcntl, os, select, struct, sys, time
from collections import deque

TUNSETIFF, IFF_TAP, IFF_NO_PI = 0x400454CA, 0x0002, 0x1000


def tap(name):
    handle = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(handle, TUNSETIFF, struct.pack("16sH", name.encode(), IFF_TAP | IFF_NO_PI))
    return handle


def send(handle, frame):
    try:
        os.write(handle, frame)
    except OSError:
        pass  # A full queue drops, as a wire does.


def main(delay):
    near, far = tap("near"), tap("far")
    print("ready", flush=True)
    waiting = deque()
    while True:
        now = time.monotonic()
        while waiting and waiting[0][0] <= now:
            send(far, waiting.popleft()[1])
        left = max(0, waiting[0][0] - now) if waiting else None
        for handle in select.select([0, near, far], [], [], left)[0]:
            if handle == 0:
                return  # Whoever started us is done, or gone.
            try:
                while True:
                    frame = os.read(handle, 65536)
                    if handle == far:
                        send(near, frame)
                    else:
                        waiting.append((time.monotonic() + delay, frame))
            except BlockingIOError:
                pass


main(float(sys.argv[1]) / 1000)
