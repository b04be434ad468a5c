# SPDX-License-Identifier: BSD-2-Clause
"""The tests of peers.sh. Each case starts a server and a client of its own, on a port of its own.

Nothing sleeps and then asserts: reports are read, and `ss` is asked again, until they say what is
wanted or DEADLINE has passed.
"""
import collections
import os
import resource
import selectors
import subprocess
import sys
import time
import traceback

BIN = os.environ["BIN"]
DEADLINE = 10.0
CASES = []


class Peer:
    """A peer under test: orders go in, reports come out and are kept."""

    def __init__(self, name, *args, fds=None, stdin=subprocess.PIPE):
        limit = (lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (fds, fds))) if fds else None
        self.process = subprocess.Popen([f"{BIN}/lastack-{name}", *args], stdin=stdin,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        preexec_fn=limit)
        self.reports, self.rest, self.number = [], b"", 0
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.process.stdout, selectors.EVENT_READ)

    def read(self, timeout):
        """Takes in what has been reported, waiting at most so long for the first byte."""
        if not self.selector.select(timeout):
            return False
        data = os.read(self.process.stdout.fileno(), 1 << 20)
        lines = (self.rest + data).split(b"\n")
        self.rest = lines.pop()
        for line in lines:
            t, verb, *words = line.decode().split(" ")
            self.reports.append(dict(w.split("=", 1) for w in words) | {"t": int(t), "verb": verb})
        return bool(data)

    def all(self, verb, **fields):
        return [r for r in self.reports if r["verb"] == verb and
                all(r.get(k) == str(v) for k, v in fields.items())]

    def wait(self, verb, count=1, **fields):
        """Until there are so many such reports. Gives them."""
        end = time.monotonic() + DEADLINE
        while len(self.all(verb, **fields)) < count:
            left = end - time.monotonic()
            if left <= 0 or not self.read(left):
                raise AssertionError(f"waited for {count} x {verb} {fields}, had: "
                                     f"{self.reports[-12:]}")
        return self.all(verb, **fields)

    def wait_sum(self, verb, total):
        end = time.monotonic() + DEADLINE
        while sum(int(r["bytes"]) for r in self.all(verb)) < total:
            assert end > time.monotonic() and self.read(end - time.monotonic()), \
                f"waited for {total} bytes {verb}, had: {self.reports[-12:]}"
        same(sum(int(r["bytes"]) for r in self.all(verb)), total)

    def give(self, text):
        """Gives a command and does not wait. Its number."""
        self.number += 1
        self.process.stdin.write(f"{self.number} {text}\n".encode())
        self.process.stdin.flush()
        return self.number

    def order(self, text):
        """Gives a command and waits until it is done."""
        self.wait("done", command=self.give(text))

    def ticks(self):
        with open(f"/proc/{self.process.pid}/stat") as f:
            words = f.read().rsplit(")", 1)[1].split()
        return int(words[11]) + int(words[12])

    def rests(self):
        """It uses next to no CPU for a while in which it has nothing to do."""
        while self.read(0):
            pass
        before, end = self.ticks(), time.monotonic() + 0.3
        while end > time.monotonic():
            self.selector.select(end - time.monotonic())
            while self.read(0):
                pass
        used = self.ticks() - before
        assert used <= 2, f"busy: {used} of 30 ticks"

    def sockets(self):
        folder = f"/proc/{self.process.pid}/fd"
        return sum(os.readlink(f"{folder}/{f}").startswith("socket:") for f in os.listdir(folder))

    def end(self):
        if self.process.stdin:
            self.process.stdin.close()
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.process.stderr.close()
        self.selector.close()


class Stage:
    """A server that listens and a client, made when first asked for, ended with the case."""

    port = 5000

    def __init__(self):
        Stage.port += 1
        self.peers = []

    def start(self, name, *args, **options):
        p = Peer(name, *args, **options)
        self.peers.append(p)
        return p

    def pair(self, server="idle", client="idle", count=1, host="127.0.0.1", fds=(None, None)):
        self.address = f"{host}:{self.port}"
        s, c = self.start("server", fds=fds[0]), self.start("client", fds=fds[1])
        s.order(f"behave {server}")
        c.order(f"behave {client}")
        s.order(f"listen {self.address}")
        if count:
            c.order(f"connect {count} {self.address}")
            if server != "never_accept":
                s.wait("accepted", count)
        return s, c

    def states(self, side):
        """The states of the server's or the client's sockets, as ss tells them."""
        where = "sport" if side == "server" else "dport"
        text = subprocess.run(["ss", "-tanH", f"{where} = :{self.port}"], check=True,
                              capture_output=True, text=True).stdout
        rows = [line.split() for line in text.splitlines()]
        return sorted((r[0], int(r[1])) for r in rows if r[0] != "LISTEN")

    def wait_states(self, side, *want):
        """Names alone, or (name, Recv-Q) where the queue matters."""
        end = time.monotonic() + DEADLINE
        while True:
            have = self.states(side)
            short = [h if isinstance(w, tuple) else h[0] for h, w in zip(have, want)]
            if len(have) == len(want) and short == list(want):
                return
            assert time.monotonic() < end, \
                f"{side}: ss says {collections.Counter(have)}, not {collections.Counter(want)}"
            selectors.DefaultSelector().select(0.005)

    def end(self):
        for p in self.peers:
            p.end()


def case(f):
    CASES.append((f.__doc__, f, ()))
    return f


def either_side(f):
    """The one under test is the server, then the client."""
    for side in "server", "client":
        CASES.append((f"{f.__doc__} ({side})", f, (side,)))
    return f


def cast(stage, side, behaviour, count=1):
    """The peer under test with its behaviour, and the other one, which waits for orders."""
    s, c = stage.pair(count=count, **{side: behaviour})
    return (s, c) if side == "server" else (c, s)


def other(side):
    return "client" if side == "server" else "server"


def same(have, want):
    assert have == want, f"{have!r} is not {want!r}"


def sysctl(name, value):
    with open(f"/proc/sys/net/ipv4/{name}", "w") as f:
        f.write(value)


def counter(name):
    text = subprocess.run(["nstat", "-asz", name], check=True, capture_output=True,
                          text=True).stdout
    return int(text.split("\n")[1].split()[1])


# What each does when the other side has closed


@either_side
def idle(stage, side):
    """idle: reports data and end of file, and waits in CLOSE_WAIT for its order"""
    me, it = cast(stage, side, "idle")
    it.order("send 100")
    me.wait_sum("received", 100)
    it.order("close")
    me.wait("eof")
    stage.wait_states(side, "CLOSE-WAIT")
    me.rests()
    same(me.all("closed"), [])
    me.order("close")
    me.wait("closed")
    stage.wait_states(side)
    stage.wait_states(other(side), "TIME-WAIT")


@either_side
def orderly(stage, side):
    """orderly: reads all, and closes at end of file"""
    me, it = cast(stage, side, "orderly", count=3)
    it.order("send 300000")
    it.order("close")
    me.wait_sum("received", 900000)
    me.wait("closed", 3)
    same(len(me.all("eof")), 3)
    stage.wait_states(side)
    stage.wait_states(other(side), *["TIME-WAIT"] * 3)


@either_side
def answer(stage, side):
    """answer: sends back as many bytes as it reads, and closes at end of file"""
    me, it = cast(stage, side, "answer", count=3)
    it.order("send 100000")
    it.wait_sum("received", 300000)
    it.order("send 1")
    it.wait_sum("received", 300003)
    it.order("close")
    me.wait("closed", 3)
    same(sum(int(r["bytes"]) for r in me.all("sent")), 300003)
    stage.wait_states(side)
    stage.wait_states(other(side), *["TIME-WAIT"] * 3)


@either_side
def leak(stage, side):
    """leak: keeps the descriptor for good, and uses no CPU"""
    me, it = cast(stage, side, "leak", count=5)
    held = me.sockets()
    it.order("close")
    me.wait("eof", 5)
    me.order("close")
    me.order("abort")
    me.rests()
    same(me.all("closed"), [])
    same(me.sockets(), held)
    stage.wait_states(side, *["CLOSE-WAIT"] * 5)


@either_side
def leak_reset(stage, side):
    """leak: keeps the descriptor of a connection that was reset, too"""
    me, it = cast(stage, side, "leak", count=2)
    held = me.sockets()
    it.order("abort")
    me.wait("failed", 2, call="read", error="ECONNRESET")
    me.rests()
    me.order("close")
    same(me.all("closed"), [])
    same(me.sockets(), held)
    stage.wait_states(side)


@either_side
def forked(stage, side):
    """forked: close() in the parent, no FIN while its children live, and they end with it"""
    me, it = cast(stage, side, "forked", count=3)
    held = me.sockets()
    it.order("close")
    me.wait("closed", 3)
    same(me.sockets(), held - 3)
    it.rests()
    same(it.all("eof"), [])
    stage.wait_states(side, *["CLOSE-WAIT"] * 3)
    me.process.kill()
    stage.wait_states(side)
    stage.wait_states(other(side), *["TIME-WAIT"] * 3)


@either_side
def duplicated(stage, side):
    """duplicated: closes, and has a descriptor of each connection still"""
    me, it = cast(stage, side, "duplicated", count=3)
    held = me.sockets()
    it.order("close")
    me.wait("closed", 3)
    same(me.sockets(), held)
    stage.wait_states(side, *["CLOSE-WAIT"] * 3)


@either_side
def half_close_passive(stage, side):
    """half_close: end of file does not stop what is still to be sent"""
    me, it = cast(stage, side, "half_close")
    it.order("read off")
    sending = me.give("send 20000000")
    me.wait("sent")
    it.order("shutdown")
    me.wait("eof")
    same(me.all("done", command=sending), [])
    same(me.all("closed"), [])
    it.order("read on")
    me.wait("done", command=sending)
    me.wait("closed")
    it.wait_sum("received", 20000000)
    it.wait("eof")
    same(me.all("failed"), [])


@either_side
def half_close_active(stage, side):
    """half_close: closes by shutdown(), and reads on until the other side has finished"""
    me, it = cast(stage, side, "half_close")
    me.order("send 1000")
    me.order("close")
    it.wait("eof")
    me.wait("shut")
    stage.wait_states(side, "FIN-WAIT-2")
    it.order("send 5000")
    me.wait_sum("received", 5000)
    same(me.all("closed"), [])
    it.order("close")
    me.wait("eof")
    me.wait("closed")
    stage.wait_states(side, "TIME-WAIT")
    stage.wait_states(other(side))


@either_side
def half_close_waiting_output(stage, side):
    """half_close: told to close, it sends what waits before it shuts down"""
    me, it = cast(stage, side, "half_close")
    it.order("read off")
    sending = me.give("send 20000000")
    me.wait("sent")
    me.order("close")
    same(me.all("shut"), [])
    it.order("read on")
    me.wait("done", command=sending)
    me.wait("shut")
    it.wait_sum("received", 20000000)
    it.wait("eof")


@either_side
def reset_passive(stage, side):
    """reset: answers end of file with a reset"""
    me, it = cast(stage, side, "reset")
    it.order("shutdown")
    me.wait("eof")
    me.wait("closed")
    it.wait("failed", call="read", error="ECONNRESET")
    stage.wait_states(side)
    stage.wait_states(other(side))


@either_side
def reset_active(stage, side):
    """reset: closes by a reset, and the other side has ECONNRESET"""
    me, it = cast(stage, side, "reset", count=2)
    me.order("close on=1")
    it.wait("failed", call="read", error="ECONNRESET")
    same(len(it.all("failed")), 1)
    same(it.all("closed"), [])
    stage.wait_states(side, "ESTAB")
    it.order("close")
    it.wait("closed", 2)


@either_side
def unread_data(stage, side):
    """unread: closes with the data unread, and the kernel sends a reset"""
    me, it = cast(stage, side, "unread")
    before = counter("TcpExtTCPAbortOnClose")
    it.order("send 100")
    me.wait("closed")
    it.wait("failed", call="read", error="ECONNRESET")
    same(me.all("received"), [])
    same(counter("TcpExtTCPAbortOnClose"), before + 1)
    stage.wait_states(side)


@either_side
def unread_eof(stage, side):
    """unread: closes at end of file, in order where there was no data"""
    me, it = cast(stage, side, "unread")
    it.order("close")
    me.wait("eof")
    me.wait("closed")
    stage.wait_states(other(side), "TIME-WAIT")


@case
def never_accept(stage):
    """never_accept: connections wait in the queue, and CLOSE_WAIT has no owner"""
    s, c = stage.pair(server="never_accept", count=3)
    c.order("send 209")
    stage.wait_states("server", *[("ESTAB", 209)] * 3)
    c.order("close")
    stage.wait_states("server", *[("CLOSE-WAIT", 210)] * 3)
    s.rests()
    same(s.all("accepted"), [])
    same(s.sockets(), 1)
    s.order("accept on")
    s.wait("accepted", 3)


@either_side
def never_read(stage, side):
    """never_read: data and end of file stay in the queue, and cost no CPU"""
    me, it = cast(stage, side, "never_read")
    it.order("send 100")
    it.order("close")
    stage.wait_states(side, ("CLOSE-WAIT", 101))
    me.rests()
    same(me.all("received") + me.all("eof"), [])
    me.order("read on")
    me.wait_sum("received", 100)
    me.wait("eof")


@either_side
def never_read_reset(stage, side):
    """never_read: a reset is noticed without reading"""
    me, it = cast(stage, side, "never_read")
    it.order("abort")
    me.wait("failed", call="read", error="ECONNRESET")
    me.rests()
    same(me.all("closed"), [])
    me.order("close")
    me.wait("closed")


@either_side
def reset_after_eof(stage, side):
    """idle: a reset in CLOSE_WAIT is noticed after end of file (the kernel says EPIPE)"""
    me, it = cast(stage, side, "idle")
    it.order("close")
    me.wait("eof")
    me.order("send 10")     # the closed side answers data with a reset
    me.wait("failed", call="read", error="EPIPE")
    me.rests()
    stage.wait_states(side)


@either_side
def hold(stage, side):
    """hold: even an orderly peer does nothing by itself any more"""
    me, it = cast(stage, side, "orderly", count=2)
    me.order("hold")
    it.order("close")
    me.wait("eof", 2)
    me.rests()
    stage.wait_states(side, "CLOSE-WAIT", "CLOSE-WAIT")
    same(me.all("closed"), [])


# Commands


@case
def selection(stage):
    """on=N takes the oldest, on=#ID that one; too many is a failure"""
    s, c = stage.pair(count=5)
    c.order("close on=2")
    same([r["id"] for r in c.all("closed")], ["1", "2"])
    c.order("abort on=#4")
    same([r["id"] for r in c.all("closed")], ["1", "2", "4"])
    c.order("shutdown on=1")
    same([r["id"] for r in c.all("shut")], ["3"])
    number = c.give("close on=3")
    c.wait("failed", call="command", error="ENOENT", command=number)
    c.wait("done", command=number)
    same(len(c.all("closed")), 5)
    s.wait("eof", 4)
    s.wait("failed", call="read", error="ECONNRESET", id=4)


@case
def send_after_shutdown(stage):
    """send after shutdown() fails with EPIPE, and the other direction goes on"""
    s, c = stage.pair()
    c.order("shutdown")
    c.order("send 10")
    c.wait("failed", call="send", error="EPIPE")
    s.order("send 10")
    c.wait_sum("received", 10)


@case
def send_cut_off(stage):
    """close() with bytes that were never handed to the kernel says so"""
    s, c = stage.pair()
    s.order("read off")
    number = c.give("send 50000000")
    c.wait("sent")
    c.order("close")
    c.wait("failed", call="send", error="ECANCELED")
    c.wait("done", command=number)


@case
def churn(stage):
    """churn: connections one after the other, the client closes first"""
    s, c = stage.pair(server="orderly", count=0)
    c.order(f"churn 200 {stage.address}")
    same((len(c.all("connected")), len(c.all("closed")), c.all("failed")), (200, 200, []))
    s.wait("closed", 200)
    stage.wait_states("client", *["TIME-WAIT"] * 200)


@case
def churn_server_first(stage):
    """churn first=server: the server closes first and has the TIME_WAITs"""
    s, c = stage.pair(count=0)
    number = c.give(f"churn 20 {stage.address} first=server")
    for i in range(1, 21):
        s.wait("accepted", i)
        same(len(c.all("closed")) < i, True)
        s.order("close")
    c.wait("done", command=number)
    same(len(c.all("closed")), 20)
    stage.wait_states("server", *["TIME-WAIT"] * 20)


@case
def churn_behaviours(stage):
    """churn: closes as the behaviour says, and goes on after a reset"""
    s, c = stage.pair(server="orderly", client="half_close", count=0)
    c.order(f"churn 10 {stage.address}")
    same((len(c.all("shut")), len(c.all("closed"))), (10, 10))
    c.order("behave reset")
    c.order(f"churn 10 {stage.address}")
    s.wait("failed", 10, call="read", error="ECONNRESET")
    s.order("behave reset")
    c.order("behave idle")
    number = c.give(f"churn 3 {stage.address} first=server")
    for i in range(1, 4):
        s.wait("accepted", 20 + i)
        c.wait("connected", 20 + i)  # a reset before that would be one of connect()
        s.order("abort")
    c.wait("done", command=number)
    same(len(c.all("failed", call="read", error="ECONNRESET")), 3)
    same(len(c.all("closed")), 23)


@case
def ports_exhausted(stage):
    """churn past the last port: EADDRNOTAVAIL is reported, and it goes on"""
    s, c = stage.pair(server="orderly", count=0)
    with open("/proc/sys/net/ipv4/ip_local_port_range") as f:
        saved = f.read()
    sysctl("tcp_tw_reuse", "0")
    sysctl("ip_local_port_range", "40000 40049")
    c.order(f"churn 53 {stage.address}")
    sysctl("ip_local_port_range", saved)
    same(len(c.all("connected")), 50)
    same(len(c.all("failed", call="connect", error="EADDRNOTAVAIL")), 3)


@case
def refused(stage):
    """connect where nobody listens: ECONNREFUSED, with the connection's names"""
    c = stage.start("client")
    c.order(f"connect 3 127.0.0.1:{stage.port}")
    failed = c.wait("failed", 3, call="connect", error="ECONNREFUSED")
    same(failed[0]["remote"], f"127.0.0.1:{stage.port}")
    assert int(failed[0]["cookie"]) > 0
    c.rests()


@case
def unanswered(stage):
    """a connection that is still being opened can be closed"""
    s, c = stage.pair(server="never_accept", count=0)
    s.order(f"listen 127.0.0.2:{stage.port} backlog=1")
    number = c.give(f"connect 6 127.0.0.2:{stage.port}")
    c.wait("connected", 2)
    c.order("close")
    c.wait("done", command=number)
    c.wait("closed", 6)
    assert len(c.all("connected")) < 6


@case
def from_address(stage):
    """from= chooses the address, and the port where it has one"""
    s, c = stage.pair(count=0)
    c.order(f"connect 2 {stage.address} from=127.0.0.9")
    same([r["remote"].split(":")[0] for r in s.wait("accepted", 2)], ["127.0.0.9"] * 2)
    c.order(f"connect 1 {stage.address} from=127.0.0.9:33333")
    same(s.wait("accepted", 3)[2]["remote"], "127.0.0.9:33333")
    c.order(f"connect 1 {stage.address} from=127.0.0.9:33333")
    same([r["error"] for r in c.all("failed", call="connect")], ["EADDRNOTAVAIL"])


@case
def ipv6(stage):
    """IPv6, with the same commands and reports"""
    s, c = stage.pair(server="orderly", host="[::1]", count=2)
    same(c.all("connected")[0]["remote"], f"[::1]:{stage.port}")
    c.order(f"connect 1 {stage.address} from=::1")
    c.order("send 10")
    c.order("close")
    s.wait("closed", 3)
    stage.wait_states("client", *["TIME-WAIT"] * 3)


@case
def rate(stage):
    """rate= opens each connection at its intended moment, never early"""
    s, c = stage.pair(count=0)
    begin = time.monotonic_ns()
    c.order(f"connect 40 {stage.address} rate=200")
    for i, r in enumerate(c.all("connected")):
        assert r["t"] >= begin + i * 5_000_000, f"number {i + 1} is early"
    begin = time.monotonic_ns()
    c.order(f"churn 20 {stage.address} rate=200")
    for i, r in enumerate(c.all("connected")[40:]):
        assert r["t"] >= begin + i * 5_000_000, f"number {i + 1} of the churn is early"


@case
def quiet(stage):
    """option reports=quiet leaves failures and done"""
    s, c = stage.pair(server="orderly", count=0)
    for p in s, c:
        p.order("option reports=quiet")
    before = len(c.reports)
    c.order(f"churn 50 {stage.address}")
    c.order("connect 1 127.0.0.1:1")
    same([r["verb"] for r in c.reports[before:]], ["done", "failed", "done"])
    s.order("option reports=full")
    same(s.all("accepted"), [])
    c.order(f"connect 1 {stage.address}")
    s.wait("accepted", id=51)


@case
def buffers(stage):
    """option rcvbuf= and sndbuf= reach the sockets made from then on"""
    s, c = stage.pair(count=0)
    s.order("option rcvbuf=20000 sndbuf=30000")
    c.order("option rcvbuf=40000")
    c.order(f"connect 1 {stage.address}")
    s.wait("accepted")
    def memory(where):
        return subprocess.run(["ss", "-tanmH", "state", "established", f"{where} = :{stage.port}"],
                              check=True, capture_output=True, text=True).stdout
    assert "rb40000," in memory("sport") and "tb60000," in memory("sport"), memory("sport")
    assert "rb80000," in memory("dport"), memory("dport")


@case
def read_off(stage):
    """read off leaves data in the queue, read on fetches it"""
    s, c = stage.pair()
    s.order("read off")
    c.order("send 1000")
    stage.wait_states("server", ("ESTAB", 1000))
    same(s.all("received"), [])
    s.order("read on")
    s.wait_sum("received", 1000)


@case
def emfile(stage):
    """without descriptors accepting pauses, reported once, until one is closed"""
    s, c = stage.pair(count=0, fds=(16, None))
    c.order(f"connect 20 {stage.address}")
    s.wait("failed", call="accept", error="EMFILE")
    had = len(s.all("accepted"))
    s.rests()
    same((len(s.all("accepted")), len(s.all("failed"))), (had, 1))
    s.order("close on=1")
    s.wait("accepted", had + 1)


@case
def emfile_client(stage):
    """a client without descriptors fails in socket(), and reports each"""
    s, c = stage.pair(count=0, fds=(None, 16))
    c.order(f"connect 20 {stage.address}")
    connected, failed = len(c.all("connected")), len(c.all("failed", call="socket", error="EMFILE"))
    same(connected + failed, 20)
    assert connected and failed
    c.order("close")
    c.order(f"churn 20 {stage.address}")
    same(len(c.all("failed")), failed)


@case
def taken_address(stage):
    """an address that is taken fails with EADDRINUSE, call=bind or listen"""
    s, c = stage.pair(count=0)
    two = stage.start("server")
    two.order(f"listen {stage.address}")
    same([r["error"] for r in two.all("failed")], ["EADDRINUSE"])
    same(two.all("listening"), [])


@case
def bad_commands(stage):
    """what cannot be understood is EINVAL and done, with a line for people"""
    s = stage.start("server")
    bad = ["dance", "listen", "listen here", "listen 127.0.0.1:70000", "listen 127.0.0.1:1 x=1",
           "listen 127.0.0.1:1 backlog=0", "behave badly", "behave", "send", "send 0", "send -1",
           "send 1e3", "close on=0", "close on=", "close on=#", "close on=#0", "close on=some",
           "close all", "close on=1 on=2", "accept maybe", "read", "hold on",
           "option rcvbuf=0", "option rcvbuf=99999999999", "option reports=some", "close =1",
           "connect 1 127.0.0.1:1", "a b c d e f g h i j k l m n o p q"]
    for i, text in enumerate(bad, 1):
        s.order(text)
        same(len(s.all("failed", call="command", error="EINVAL")), i)
    c = stage.start("client")
    bad = ["connect", "connect 1", "connect 0 127.0.0.1:1", "connect 1 127.0.0.1:0",
           "connect x 127.0.0.1:1", "connect 1 127.0.0.1:1 rate=0", "connect 1 127.0.0.1:1 rate=x",
           "connect 1 127.0.0.1:1 rate=inf", "connect 1 127.0.0.1:1 at=twice",
           "connect 1 127.0.0.1:1 from=::1", "connect 1 127.0.0.1:1 from=me",
           "churn 1 127.0.0.1:1 first=me", "listen 127.0.0.1:1"]
    for i, text in enumerate(bad, 1):
        c.order(text)
        same(len(c.all("failed")), i)
    same(c.all("connected"), [])


@case
def bad_lines(stage):
    """lines that are no commands at all: EINVAL, and the next one is understood"""
    s = stage.start("server")
    lines = [b"hello\n", b"0 hold\n", b"-1 hold\n", b"5\n", b"99999999999 hold\n", b"1 ho\0ld\n",
             b"x" * 20000 + b"\n", b"1 send " + b"9" * 9000 + b"\n", b"\xff\xfe\n"]
    for i, line in enumerate(lines, 1):
        s.process.stdin.write(line)
        s.process.stdin.flush()
        s.wait("failed", i, call="command", error="EINVAL")
        s.wait("done", i)
    s.process.stdin.write(b"\n   \n77 hold\n")
    s.process.stdin.flush()
    s.wait("done", command=77)
    same(len(s.all("failed")), len(lines))


@case
def end_of_input(stage):
    """the end of standard input is the end of the program, at once"""
    s, c = stage.pair(server="orderly", count=2)
    c.process.stdin.close()
    same(c.process.wait(DEADLINE), 0)
    s.wait("closed", 2)
    while c.read(DEADLINE):
        pass
    same(c.all("closed"), [])
    c.process.stdin = None


@case
def end_of_output(stage):
    """a program whose reports nobody can read ends, and is not killed by SIGPIPE"""
    s = stage.start("server")
    s.wait("ready")
    s.selector.unregister(s.process.stdout)
    s.process.stdout.close()
    s.give("hold")
    same(s.process.wait(DEADLINE), 3)
    s.process.stdin = None


@case
def by_hand(stage):
    """the options do what the commands do, and need no standard input"""
    address = f"127.0.0.1:{stage.port}"
    s = stage.start("server", "--listen", address, "--behave", "orderly",
                    stdin=subprocess.DEVNULL)
    s.wait("listening", local=address)
    c = stage.start("client", "--connect", address, "--count", "3", "--behave", "half_close")
    c.wait("connected", 3)
    s.wait("accepted", 3)
    c.number = 2
    c.order("close")
    s.wait("closed", 3)
    c.wait("closed", 3)


@case
def by_hand_mistakes(stage):
    """options that cannot be: exit 2; an address that cannot be had: exit 3"""
    for code, *words in [(2, "server", "--listen", "nowhere"), (2, "server", "--behave", "badly"),
                         (2, "client", "--connect", "127.0.0.1:1", "--count", "x"),
                         (2, "client", "--what"), (2, "server", "word"), (0, "server", "--help"),
                         (0, "client", "--help"), (3, "server", "--listen", "192.0.2.1:80")]:
        p = subprocess.run([f"{BIN}/lastack-{words[0]}", *words[1:]], stdin=subprocess.DEVNULL,
                           capture_output=True, text=True, timeout=DEADLINE)
        same((words, p.returncode), (words, code))
        assert code == 0 or p.stderr or "failed" in p.stdout


@case
def nothing_lost(stage):
    """10,000 connections at once on each side; every report arrives, though nobody read for long"""
    s, c = stage.pair(server="orderly", count=0)
    begin = time.monotonic()
    connecting = c.give(f"connect 10000 {stage.address}")
    s.wait("accepted", 10000)   # meanwhile the client's reports wait: a pipe holds 500 of them
    c.wait("done", command=connecting)
    opened = time.monotonic()
    closing = c.give("close on=all")
    s.wait("closed", 10000)
    c.wait("done", command=closing)
    ended = time.monotonic()
    for peer, verbs in (c, ("connected", "closed")), (s, ("accepted", "eof", "closed")):
        for verb in verbs:
            same(sorted(int(r["id"]) for r in peer.all(verb)), list(range(1, 10001)))
            same(len({r["cookie"] for r in peer.all(verb)}), 10000)
        same(peer.all("failed"), [])
    assert [r["t"] for r in c.reports] == sorted(r["t"] for r in c.reports)
    print(f"# connect {opened - begin:.3f} s, close {ended - opened:.3f} s")


def main():
    failed = 0
    # With two CPUs a FIN can overtake an ACK, and the reset that this draws would end a TIME_WAIT.
    sysctl("tcp_rfc1337", "1")
    print(f"1..{len(CASES)}")
    for number, (what, run, args) in enumerate(CASES, 1):
        stage = Stage()
        try:
            run(stage, *args)
            print(f"ok {number} - {what}", flush=True)
        except Exception:
            failed += 1
            print(f"not ok {number} - {what}")
            print("# " + traceback.format_exc().strip().replace("\n", "\n# "), flush=True)
        finally:
            stage.end()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
