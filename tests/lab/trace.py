# SPDX-License-Identifier: BSD-2-Clause
"""Connections that end in every way, in two namespaces, and what `lastack trace` says of them."""
import contextlib
import ctypes
import fcntl
import json
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import time

BIN = os.environ["BIN"]
CLIENT, SERVER = "198.18.0.1", "198.18.0.2"
libc = ctypes.CDLL(None, use_errno=True)
count = failed = 0
members, deeds_seen = set(), set()  # of all JSON there was


def ok(good, words, *details):
    global count, failed
    count += 1
    print(("ok" if good else "not ok"), count, "-", words)
    if not good:
        failed += 1
        for d in details:
            print("#", d)
    sys.stdout.flush()


def run(*argv):
    subprocess.run(argv, check=True)


@contextlib.contextmanager
def inside(ns):
    """This thread in another network namespace, for the time of a `with`."""
    own = os.open("/proc/self/ns/net", os.O_RDONLY)
    there = os.open("/run/netns/" + ns, os.O_RDONLY)
    if libc.setns(there, 0x40000000):
        raise OSError(ctypes.get_errno(), "setns")
    os.close(there)
    try:
        yield
    finally:
        libc.setns(own, 0x40000000)
        os.close(own)


def sysctl(ns, name, value):
    with inside(ns):
        with open("/proc/sys/net/ipv4/" + name, "w") as f:
            f.write(str(value))


def has_sysctl(ns, name):
    with inside(ns):
        return os.path.exists("/proc/sys/net/ipv4/" + name)


def build():
    run("mount", "-t", "tmpfs", "none", "/run")
    os.mkdir("/run/netns")
    for ns, address in (("client", CLIENT), ("server", SERVER)):
        run("ip", "netns", "add", ns)
        run("ip", "-n", ns, "link", "set", "lo", "up")
    run("ip", "link", "add", "client0", "netns", "client", "type", "veth", "peer", "name", "server0",
        "netns", "server")
    for ns, address in (("client", CLIENT), ("server", SERVER)):
        run("ip", "-n", ns, "address", "add", address + "/15", "dev", ns + "0")
        run("ip", "-n", ns, "address", "add", "2001:2::%d/48" % (1 if ns == "client" else 2),
            "dev", ns + "0", "nodad")
        run("ip", "-n", ns, "link", "set", ns + "0", "up")


@contextlib.contextmanager
def lossy():
    """What either end sends gets lost: it goes to an address that the other device does not have."""
    ends = (("client", SERVER), ("server", CLIENT))
    for ns, other in ends:
        run("ip", "-n", ns, "neigh", "replace", other, "lladdr", "02:00:00:00:00:99", "dev",
            ns + "0", "nud", "permanent")
    yield
    for ns, other in ends:
        run("ip", "-n", ns, "neigh", "del", other, "dev", ns + "0")


class Trace:
    """A running `lastack trace --json`."""

    def __init__(self, ns, *options):
        self.process = subprocess.Popen(
            [BIN + "/lastack", "trace", "--netns", ns, "--json", *options],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.head = json.loads(self.process.stdout.readline())
        self.events = []

    def until(self, wanted, within=5.0):
        """Reads events until one is wanted. A trace that never shows it is stopped."""
        watchdog = subprocess.Popen(["sh", "-c", "sleep %g; kill -INT %d" %
                                     (within, self.process.pid)])
        found = None
        while not found:
            line = self.process.stdout.readline()
            if not line:
                break
            e = json.loads(line)
            self.events.append(e)
            if wanted(e):
                found = e
        watchdog.kill()
        watchdog.wait()
        return found

    def end(self):
        self.process.send_signal(signal.SIGINT)
        out, err = self.process.communicate()
        self.events += [json.loads(line) for line in out.splitlines()]
        members.update(*self.events, self.head)
        deeds_seen.update(e["deed"] for e in self.events if "deed" in e)
        self.summary = err.strip()
        return self.process.returncode

    def of(self, port):
        """The events of connections that have this port on either side, in order."""
        text = ":%d" % port
        return [e for e in self.events
                if e.get("local", "").endswith(text) or e.get("remote", "").endswith(text)]


def path(events):
    states = [e for e in events if e["kind"] == "state"]
    return [s["from"] for s in states[:1]] + [s["to"] for s in states]


def deeds(events, what):
    return [e for e in events if e["kind"] == "kernel" and e["deed"] == what]


def is_close(port, host="local"):
    return lambda e: (e["kind"] == "state" and e["to"] == "CLOSE" and
                      e.get(host, "").endswith(":%d" % port))


def goes_to(state, port):
    return lambda e: (e["kind"] == "state" and e["to"] == state and
                      (":%d" % port) in e.get("local", "") + " " + e.get("remote", "") + " ")


def listener(port, backlog=8, family=socket.AF_INET, address=SERVER, defer=0):
    with inside("server"):
        s = socket.socket(family)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if defer:
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, defer)
    s.bind((address, port))
    s.listen(backlog)
    return s


def connect(port, source=0, family=socket.AF_INET, address=SERVER):
    with inside("client"):
        s = socket.socket(family)
    if source:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind((CLIENT, source))
    s.settimeout(10)
    s.connect((address, port))
    return s


def port_of(s):
    return s.getsockname()[1]


def settle(trace, wanted, words, within=5.0):
    e = trace.until(wanted, within)
    if not e:
        ok(False, words, "it never came; seen: " + " ".join(path(trace.events)))
    return e


def near(e, lo, hi, since):
    return lo <= (e["t"] - since["t"]) / 1e9 <= hi


def in_order(c, s):
    l = listener(5000)
    a = connect(5000)
    p = port_of(a)
    b = l.accept()[0]
    a.close()
    b.recv(1)
    b.close()
    settle(s, is_close(p, "remote"), "the server's end closes")
    settle(c, goes_to("TIME_WAIT", p), "the client's end comes to TIME_WAIT")
    ok(path(c.of(p)) == ["NONE", "SYN_SENT", "ESTABLISHED", "FIN_WAIT_1", "FIN_WAIT_2", "TIME_WAIT"],
       "a close in order, the end that closes first", path(c.of(p)))
    ok(path(s.of(p)) == ["SYN_RECV", "ESTABLISHED", "CLOSE_WAIT", "LAST_ACK", "CLOSE"],
       "a close in order, the other end", path(s.of(p)))
    by = {e["to"]: e.get("pid") for e in c.of(p) + s.of(p) if e["kind"] == "state"}
    me = os.getpid()
    ok(by == {"SYN_SENT": me, "FIN_WAIT_1": me, "LAST_ACK": me, "ESTABLISHED": None,
              "CLOSE_WAIT": None, "FIN_WAIT_2": None, "TIME_WAIT": None, "CLOSE": None},
       "what this process did is told from what segments did", by)
    ok(all(e["local"].endswith(":%d" % p) for e in c.of(p) if e["kind"] == "state"),
       "SYN_SENT has its port already", c.of(p)[:1])
    l.close()


def ipv6(c, s):
    l = listener(5001, family=socket.AF_INET6, address="2001:2::2")
    a = connect(5001, family=socket.AF_INET6, address="2001:2::2")
    p = port_of(a)
    b = l.accept()[0]
    b.close()
    a.recv(1)
    a.close()
    e = settle(s, goes_to("TIME_WAIT", p), "IPv6: the server's end comes to TIME_WAIT")
    ok(e and e["local"] == "[2001:2::2]:5001" and e["remote"] == "[2001:2::1]:%d" % p,
       "IPv6: the addresses", e)
    l.close()


def linger(c, s):
    l = listener(5002)
    a = connect(5002)
    p = port_of(a)
    b = l.accept()[0]
    b.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    b.close()
    settle(c, is_close(p), "a reset closes the client's end")
    s.until(lambda e: e["kind"] == "kernel" and e["deed"] == "reset-sent")
    sent = deeds(s.of(p), "reset-sent")
    ok(len(sent) == 1 and sent[0].get("reason"), "linger 0: a reset is sent, and why", sent)
    ok(sent and sent[0]["local"] == SERVER + ":5002", "the reset has its port still", sent)
    ok(len(deeds(c.of(p), "reset-received")) == 1, "a reset arrives")
    ok(path(c.of(p))[-2:] == ["ESTABLISHED", "CLOSE"] and "pid" not in
       [e for e in c.of(p) if e["kind"] == "state"][-1], "which closes at once, by no process")
    closed = [e for e in s.of(p) if e["kind"] == "state"][-1]
    ok(closed["to"] == "CLOSE" and closed.get("pid") == os.getpid(),
       "the end that aborted was closed by its process", closed)
    a.close()
    l.close()


def orphan(c, s):
    sysctl("client", "tcp_fin_timeout", 1)
    l = listener(5003)
    a = connect(5003)
    p = port_of(a)
    b = l.accept()[0]
    a.close()
    settle(c, is_close(p), "an orphan comes to its end")
    sysctl("client", "tcp_fin_timeout", 60)
    states = [e for e in c.of(p) if e["kind"] == "state"]
    ok(path(c.of(p))[-3:] == ["FIN_WAIT_1", "FIN_WAIT_2", "CLOSE"],
       "an orphan's minisocket stays in FIN_WAIT_2", path(c.of(p)))
    ok(near(states[-1], 1.0, 1.14, states[-2]), "for the second of tcp_fin_timeout, a granule at most "
       "above", (states[-1]["t"] - states[-2]["t"]) / 1e9)
    ok(len(deeds(c.of(p), "minisocket")) == 1 and len(deeds(c.of(p), "expire")) == 1,
       "the minisocket begins and expires")
    b.close()
    l.close()


def reset_by_orphan(c, s):
    """Data for a program that has closed: its minisocket answers, in the state in which it is."""
    l = listener(5006)
    a = connect(5006)
    p = port_of(a)
    b = l.accept()[0]
    a.close()
    settle(c, goes_to("FIN_WAIT_2", p), "FIN_WAIT_2")
    b.send(b"x")
    c.until(lambda e: e["kind"] == "kernel" and e["deed"] == "reset-sent" and e["local"].endswith(":%d" % p))
    sent = deeds(c.of(p), "reset-sent")
    ok(len(sent) == 1 and sent[0]["state"] == "FIN_WAIT_2", "a FIN_WAIT_2's minisocket sends a reset as that", sent)
    b.close()
    l.close()


def destroyed(c, s):
    """`ss -K` ends the sockets of others: it is named."""
    l = listener(5007)
    a = connect(5007)
    p = port_of(a)
    b = l.accept()[0]
    with inside("client"):
        killer = subprocess.Popen(["ss", "-K", "dport", "=", ":5007"], stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL)
    killer.wait()
    if not (e := c.until(is_close(p), 2)):
        ok(True, "who destroys a socket is named # SKIP this kernel does not let it")
    else:
        ok(e.get("pid") == killer.pid and e.get("command") == "ss", "who destroys a socket is named", e)
    a.close()
    b.close()
    l.close()


def simultaneous(c, s):
    """Both FINs are lost to the other side until both were sent."""
    l = listener(5004)
    a = connect(5004)
    p = port_of(a)
    b = l.accept()[0]
    with lossy():
        a.close()
        b.close()
    settle(c, goes_to("TIME_WAIT", p), "both ends in TIME_WAIT")
    settle(s, goes_to("TIME_WAIT", p), "both ends in TIME_WAIT")
    ways = (["FIN_WAIT_1", "CLOSING", "TIME_WAIT"], ["FIN_WAIT_1", "FIN_WAIT_2", "TIME_WAIT"],
            ["FIN_WAIT_1", "TIME_WAIT"])
    for name, t in (("client", c), ("server", s)):
        way = path(t.of(p))
        way = way[way.index("FIN_WAIT_1"):]
        ok(way in ways[:2], "a simultaneous close, " + name, way)
    again = deeds(c.of(p) + s.of(p), "retransmit")
    ok(again and all(e["flags"] & 1 for e in again), "the FINs were sent again", again)


def probe(c, s):
    """Data that gets lost: a tail loss probe first, then the timeout."""
    l = listener(5005)
    a = connect(5005)
    p = port_of(a)
    b = l.accept()[0]
    a.send(b"a")
    b.recv(1)
    with lossy():
        a.send(b"x")
        got = settle(c, lambda e: e["kind"] == "kernel" and e["deed"] == "retransmit" and
                     not e.get("probe"), "data is sent again")
    again = deeds(c.of(p), "retransmit")
    ok(again[0].get("probe"), "the first time as a tail loss probe", again)
    ok(got and got.get("length") == 1 and got["seq"] == again[0]["seq"],
       "then by timeout, the same byte", again)
    b.recv(1)
    a.close()
    b.close()
    l.close()


def summed(frame):
    """The frame with a TCP checksum: on a virtual link it may never have had one."""
    at = 14 + (frame[14] & 15) * 4
    end = 14 + struct.unpack(">H", frame[16:18])[0]
    tcp = bytearray(frame[at:end])
    tcp[16:18] = b"\0\0"
    data = bytes(frame[26:34]) + struct.pack(">HH", 6, len(tcp)) + bytes(tcp) + b"\0" * (len(tcp) % 2)
    total = sum(struct.unpack(">%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    tcp[16:18] = struct.pack(">H", ~total & 0xffff)
    return frame[:at] + bytes(tcp)


class Sniffer:
    """What passes the server's device, to send one of it again."""

    def __init__(self):
        with inside("server"):
            self.s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
            self.s.bind(("server0", 3))
        self.s.settimeout(3)

    def fin_of(self, port):
        while True:
            f = self.s.recv(2000)
            if f[12:14] != b"\x08\x00" or f[23] != 6:
                continue
            tcp = f[14 + (f[14] & 15) * 4:]
            if struct.unpack(">H", tcp[:2])[0] == port and tcp[13] & 1:
                return summed(f)


def old_fin(c, s, rfc1337):
    """An old FIN into TIME_WAIT: answered, and its end begins anew; the answer draws a RST."""
    sysctl("client", "tcp_rfc1337", rfc1337)
    port = 5010 + rfc1337
    l = listener(port)
    sniffer = Sniffer()
    a = connect(port)
    p = port_of(a)
    b = l.accept()[0]
    a.close()
    b.recv(1)
    b.close()
    settle(c, goes_to("TIME_WAIT", p), "TIME_WAIT")
    settle(s, is_close(p, "remote"), "the other end is gone")
    l.close()
    time.sleep(0.1)  # so that the new end is later than the old one
    sniffer.s.send(sniffer.fin_of(port))
    if rfc1337:
        e = settle(c, lambda e: e["kind"] == "kernel" and e["deed"] == "rearm", "re-armed")
        ok(e and near({"t": e["timer_ns"]}, 59.9, 60.1, {"t": 0}),
           "an old FIN sets TIME_WAIT again, although its timer stays in its bucket", e)
        ok(not deeds(c.of(p), "kill"), "with tcp_rfc1337 the reset that follows does not end it")
    else:
        settle(c, is_close(p), "killed")
        killed = deeds(c.of(p), "kill")
        ok(len(killed) == 1 and killed[0]["flags"] & 4, "a reset ends TIME_WAIT", killed)
    e = s.until(lambda e: e["kind"] == "kernel" and e["deed"] == "reset-sent" and
                e["remote"].endswith(":%d" % p))
    ok(e and "cookie" not in e and e["local"] == SERVER + ":%d" % port,
       "a reset for which there is no socket is told with its four-tuple", e)
    sysctl("client", "tcp_rfc1337", 0)


def reused_by_syn(c, s):
    """The server closed first; the client comes back from the same port."""
    l = listener(5020)
    a = connect(5020, source=41000)
    b = l.accept()[0]
    b.close()
    a.recv(1)
    a.close()
    settle(s, goes_to("TIME_WAIT", 41000), "the server's end is in TIME_WAIT")
    settle(c, is_close(41000), "the client's end is gone")
    time.sleep(0.02)  # so that the timestamp of the SYN is newer
    a = connect(5020, source=41000)
    settle(s, goes_to("ESTABLISHED", 41000), "connected again")
    reused = deeds(s.of(41000), "reuse")
    ok(len(reused) == 1, "a SYN takes over the four-tuple of a TIME_WAIT",
       [e for e in s.of(41000)])
    ok(path(s.of(41000))[-3:] == ["TIME_WAIT", "CLOSE", "ESTABLISHED"],
       "whose minisocket closes before the new connection begins", path(s.of(41000)))
    a.close()
    l.accept()[0].close()
    l.close()


def reused_by_connect(c, s):
    sysctl("client", "tcp_tw_reuse", 1)
    if not has_sysctl("client", "tcp_tw_reuse_delay"):
        ok(True, "connect() takes over a TIME_WAIT # SKIP no tcp_tw_reuse_delay on this kernel")
        return
    sysctl("client", "tcp_tw_reuse_delay", 1)
    sysctl("client", "ip_local_port_range", "42000 42000")
    l = listener(5021)
    a = connect(5021)
    b = l.accept()[0]
    a.close()
    b.recv(1)
    b.close()
    settle(c, goes_to("TIME_WAIT", 42000), "TIME_WAIT")
    time.sleep(0.02)
    a = connect(5021)
    settle(c, goes_to("ESTABLISHED", 42000), "connected again")
    ok(len(deeds(c.of(42000), "reuse")) == 1, "connect() takes over the four-tuple of a TIME_WAIT",
       c.of(42000))
    sysctl("client", "ip_local_port_range", "32768 60999")
    a.close()
    l.accept()[0].close()
    l.close()


def overflow(c, s):
    """Three handshakes that end with the first data, before a queue that holds two."""
    l = listener(5030, backlog=1, defer=5)
    ends = [connect(5030)]
    ends[0].send(b"x")
    ends += [connect(5030) for _ in range(2)]
    for a in ends[1:]:
        a.send(b"x")
    e = s.until(lambda e: e["kind"] == "kernel" and e["deed"] == "overflow")
    if not e and os.uname().release < "6.15":
        ok(True, "an accept queue is full # SKIP not told by this kernel")
    else:
        ok(e and e["local"].endswith(":5030") and e["state"] == "LISTEN",
           "an accept queue that is full is told, with its listener", e)
    for a in ends:
        a.close()
    l.close()


def refused_syns(c, s):
    """A queue that holds one: the SYNs of two more are refused, each as often as it is sent."""
    l = listener(5032, backlog=0)
    ends = [connect(5032)]
    with inside("client"):
        refused = [socket.socket() for _ in range(2)]
    for a in refused:
        a.setblocking(False)
        a.connect_ex((SERVER, 5032))
    e = s.until(lambda e: e["kind"] == "kernel" and e["deed"] == "overflow" and e.get("count"))
    ok(e and e["local"].endswith(":5032") and e["state"] == "LISTEN" and e["count"] <= 2,
       "SYNs that a full accept queue refuses are told, with the listener and their number", e)
    for a in ends + refused:
        a.close()
    l.close()


def synack(c, s):
    """A handshake that waits for data: the SYN-ACK is sent again for it."""
    l = listener(5031, defer=1)
    a = connect(5031)
    e = s.until(lambda e: e["kind"] == "kernel" and e["deed"] == "retransmit" and
                e["local"].endswith(":5031"))
    ok(e and e["flags"] == 0x12 and e["state"] == "SYN_RECV", "a SYN-ACK is sent again, in SYN_RECV", e)
    a.close()
    l.close()


def syn_recv():
    """A handshake that waits is SYN_RECV, whatever its name in the kernel."""
    both = [Trace("server", "--state", name) for name in ("SYN_RECV", "new-syn-recv")]
    l = listener(5033, defer=1)
    a = connect(5033)
    seen = [t.until(lambda e: e["kind"] == "kernel" and e["deed"] == "retransmit") for t in both]
    ok(all(e and e["state"] == "SYN_RECV" for e in seen), "--state SYN_RECV has the SYN-ACK that is sent again", seen)
    a.close()
    l.close()
    for t in both:
        t.end()


def filters():
    """What the options leave out."""
    c = Trace("client", "--port", "5040")
    t = Trace("client", "--state", "CLOSE-WAIT")
    l, other = listener(5040), listener(5041)
    a, b = connect(5040), connect(5041)
    for x in (a, b):
        x.close()
    a, b = connect(5040), connect(5041)
    l.accept()[0].close()
    l.accept()[0].close()
    other.accept()[0].close()
    other.accept()[0].close()
    for x in (a, b):
        x.recv(1)
        x.close()
    c.until(is_close(5040, "remote"))
    t.until(lambda e: e["kind"] == "state" and e["from"] == "CLOSE_WAIT")
    ok(c.end() == 0 and c.events and all("5040" in e["remote"] for e in c.events),
       "--port leaves out the rest", c.events)
    ok(t.end() == 0 and t.events and all("CLOSE_WAIT" in (e.get("from"), e.get("to"), e.get("state"))
                                         for e in t.events), "--state leaves out the rest", t.events)


def text():
    """For people: columns, the time in the previous state, who, and the stack."""
    p = subprocess.Popen([BIN + "/lastack", "trace", "--netns", "client", "--stack", "--for", "1s"],
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    alone = subprocess.Popen([BIN + "/lastack", "trace", "--netns", "client", "--state", "TIME_WAIT", "--for", "1s"],
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    heading = p.stdout.readline()
    alone.stdout.readline()
    l = listener(5050)
    a = connect(5050)
    time.sleep(0.05)
    a.close()
    l.accept()[0].close()
    out, err = p.communicate()
    lines = out.splitlines()
    ok(heading.split()[:4] == ["TIME", "FROM", "TO", "AFTER"], "text has a heading", heading)
    fin = [x for x in lines if "ESTABLISHED" in x and "FIN_WAIT_1" in x]
    ok(len(fin) == 1 and " ms " in fin[0] and fin[0].endswith(" %d" % os.getpid()),
       "a line says how long the previous state lasted, and who ended it", fin)
    ok(any("close" in x and "libc" in x for x in lines), "the stack has close() in the C library",
       [x for x in lines if "#" in x])
    ok("0 lost" in err, "a summary on standard error", err)
    whole = [x for x in lines if "#" not in x]
    ok(whole and all(x == x.rstrip() and x.index("198.18") == heading.index("LOCAL") for x in whole),
       "columns are aligned, without blanks at the end", whole)
    times = [float(x.split()[0]) for x in whole]
    ok(times == sorted(times), "and in the order of their times", whole)
    out, err = alone.communicate()
    ok(out.count("TIME_WAIT") == 1 and "minisocket" not in out, "--state leaves out what is of little interest",
       out)


def reader_leaves():
    """trace | head -1: whoever has had enough ends it, and that is no error."""
    p = subprocess.Popen([BIN + "/lastack", "trace", "--netns", "client", "--for", "20s"], stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, text=True)
    p.stdout.readline()
    p.stdout.close()
    l = listener(5052)
    held = [connect(5052)]  # a line that nobody reads
    _, err = p.communicate(timeout=15)
    ok(p.returncode == 0 and "output" not in err, "it ends when nobody reads it any more", p.returncode, err)
    held[0].close()
    l.accept()[0].close()


def takes(pid, sig):
    """It does something of its own with a signal: until then one kills it."""
    with open("/proc/%d/status" % pid, encoding="ascii") as f:
        masks = [int(line.split()[1], 16) for line in f if line.startswith(("SigBlk", "SigCgt"))]
    return any(mask >> (sig - 1) & 1 for mask in masks)


def reader_stalls():
    """A pager that shows its first page: the pipe is full, and who wants to end still can."""
    sysctl("client", "tcp_tw_reuse", 0)
    for words, options, end in (("SIGINT", (), signal.SIGINT), ("SIGTERM", ("--stack",), signal.SIGTERM),
                                ("--for", ("--for", "1s"), None), ("--count: SIGINT", ("--count",), signal.SIGINT)):
        counts = "--count" in options
        read, write = os.pipe()
        fcntl.fcntl(write, 1031, 4096)  # F_SETPIPE_SZ
        if counts:
            os.write(write, bytes(4096))  # its heading finds no room
        p = subprocess.Popen([BIN + "/lastack", "trace", "--netns", "client", *options], stdout=write,
                             stderr=subprocess.PIPE, text=True)
        os.close(write)
        if counts:
            while not takes(p.pid, signal.SIGINT):  # a time limit of its own ends the test
                time.sleep(0.01)
        else:
            os.read(read, 1)
        l = listener(5055, backlog=64)
        for _ in range(0 if counts else 60):
            a = connect(5055)
            b = l.accept()[0]
            a.close()
            b.recv(1)
            b.close()
        l.close()
        time.sleep(0.3)
        if end:
            p.send_signal(end)
        try:
            _, err = p.communicate(timeout=8)
        except subprocess.TimeoutExpired:
            p.kill()
            _, err = p.communicate()
        os.close(read)
        ok(p.returncode == 3 and re.search(r"^\d+ lines were not written: nobody read on$", err, re.M),
           "nobody reads on, and %s ends it" % words, p.returncode, err)


def reader_is_slow():
    """What is not read yet when it is to end, and is read then, is not lost."""
    read, write = os.pipe()
    fcntl.fcntl(write, 1031, 4096)
    p = subprocess.Popen([BIN + "/lastack", "trace", "--netns", "client"], stdout=write,
                         stderr=subprocess.PIPE, text=True)
    os.close(write)
    out = os.read(read, 10)
    l = listener(5056, backlog=64)
    for _ in range(60):
        a = connect(5056)
        b = l.accept()[0]
        a.close()
        b.recv(1)
        b.close()
    l.close()
    time.sleep(0.3)
    p.send_signal(signal.SIGINT)
    while more := os.read(read, 65536):
        out += more
    _, err = p.communicate(timeout=8)
    os.close(read)
    ok(p.returncode == 0 and out.count(b"SYN_SENT     ESTABLISHED") == 60 and "not written" not in err,
       "a reader that is late gets all of it", p.returncode, err, out.count(b"ESTABLISHED"))


def stack_json():
    """The same stack for programs."""
    c = Trace("client", "--stack")
    l = listener(5051)
    a = connect(5051)
    a.close()
    l.accept()[0].close()
    c.until(lambda e: e.get("to") == "FIN_WAIT_1")
    ok(c.end() == 0 and any("close" in x for e in c.events if e.get("to") == "FIN_WAIT_1"
                            for x in e.get("stack", [])), "--json has the stack too", c.events)
    l.close()


def aborted():
    """A reset by SO_LINGER: the socket has lost its addresses when its last reference goes."""
    c = Trace("client")
    l = listener(5055)
    a = connect(5055)
    b = l.accept()[0]
    a.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    name = "%s:%d" % a.getsockname()
    a.close()
    e = c.until(lambda e: e.get("deed") == "destroy")
    ok(e and (e["local"], e["remote"]) == (name, SERVER + ":5055"),
       "an aborted socket has its four-tuple to the end", e)
    ok(c.end() == 0 and not any("host" in e for e in c.events), "no event says to be of a host of a cell")
    b.close()
    l.close()


def callers():
    """Who called connect() and close(), in a program without frame pointers; and what goes with it."""
    tool = os.environ.get("B", "build") + "/lab/stack_caller"
    c = Trace("client", "--stack", "--port", "5054")
    l = listener(5054)
    with inside("client"):
        p = subprocess.Popen([tool, SERVER, "5054"], stdin=subprocess.PIPE)
    closed = c.until(lambda e: e.get("to") == "FIN_WAIT_1")
    p.communicate(b"")
    gone = c.until(lambda e: e.get("to") == "FIN_WAIT_1")
    opened = [e for e in c.events if e.get("to") == "SYN_SENT"]
    for e, call, caller in ((opened and opened[0], "connect", "who_connects"), (closed, "close", "who_closes")):
        stack = e and e.get("stack", [])
        ok(stack and call in stack[0] and len(stack) > 1 and stack[1].startswith(caller),
           "the stack of %s() says who called it" % call, e)
        ok(stack and not any(x.startswith("0x") and "(" not in x for x in stack),
           "and has nothing in it that is no code", e)
    ok(gone and gone.get("exiting") and not closed.get("exiting"), "what ends with its process says so", gone)
    ok(c.end() == 0, "nothing was lost", c.summary)
    l.close()


def counts():
    """Ten connections, counted and not shown."""
    p = subprocess.Popen([BIN + "/lastack", "trace", "--netns", "client", "--count"],
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    heading = p.stdout.readline().split()
    l = listener(5052, backlog=64)
    for _ in range(10):
        a = connect(5052)
        b = l.accept()[0]
        a.close()
        b.recv(1)
        b.close()
    p.send_signal(signal.SIGINT)
    out, err = p.communicate(timeout=10)
    sums = [sum(float(x.split()[i]) for x in out.splitlines()) for i in range(len(heading))]
    got = dict(zip(heading, sums))
    ok(p.returncode == 0 and not err and all(got[x] == 10 for x in ("SYN_SENT", "ESTAB", "FIN_WAIT_1", "MINISOCK"))
       and got["CLOSE_WAIT"] == 0, "--count counts each of ten connections", got, err)
    p = subprocess.run([BIN + "/lastack", "trace", "--netns", "client", "--count", "--json", "--for", "10ms"],
                       capture_output=True, text=True)
    ok(p.returncode == 0 and "FIN_WAIT_1" in json.loads(p.stdout.splitlines()[-1]), "--count --json", p.stdout)
    l.close()


def granule(length_s, hz):
    """The width of the bucket that a kernel timer of this length falls into, in seconds."""
    level = 0
    while length_s * hz >= 63 * 8 ** level:
        level += 1
    return 8 ** level / hz


def minute(many):
    """The whole life of so many TIME_WAITs, to the granule of the timer wheel."""
    c = Trace("client", "--port", "5060")
    l = listener(5060, backlog=64)
    for _ in range(many):
        a = connect(5060)
        b = l.accept()[0]
        a.close()
        b.recv(1)
        b.close()
    ended = []

    def end(e):
        if e["kind"] == "state" and (e["from"], e["to"]) == ("TIME_WAIT", "CLOSE"):
            ended.append(e)
        return len(ended) == many

    c.until(end, within=70)
    began = {e["cookie"]: e["t"] for e in c.events if e["kind"] == "state" and e["to"] == "TIME_WAIT"}
    took = sorted((e["t"] - began[e["cookie"]]) / 1e9 for e in ended if e["cookie"] in began)
    wide = granule(60, c.head["hz"]) + 1 / c.head["hz"]
    ok(len(took) == many, "%d TIME_WAITs were seen from their start to their end" % many, len(took))
    # A bucket's timers run one after the other in one softirq, which has its own delay.
    ok(took and took[0] >= 60 and took[-1] <= 60 + wide + 0.02,
       "each took 60 s, and at most the granule of %.3f s more: %.3f to %.3f s" %
       (wide, took[0], took[-1]), took[:3], took[-3:])
    ok(c.end() == 0, "nothing was lost", c.summary)
    l.close()


def manual():
    """Whatever a line of JSON has is in the manual."""
    page = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../docs/man/lastack-trace.1")
    with open(page) as f:
        text = f.read().replace("\\-", "-")
    missing = [m for m in members if '"%s"' % m not in text] + [d for d in deeds_seen if d not in text]
    ok(len(members) > 20 and len(deeds_seen) > 7 and not missing, "the manual has each member and deed of the JSON",
       missing, members, deeds_seen)


def usage():
    for words, argv in (("no such namespace", ["--netns", "nowhere"]), ("a bad port", ["--port", "0"]),
                        ("no such process", ["--pid", "4194303"]), ("a bad state", ["--state", "DOA"]),
                        ("a bad time", ["--for", "soon"]), ("a bad name", ["--netns", "../x"]),
                        ("both", ["--netns", "client", "--pid", "1"]),
                        ("a count of one port", ["--count", "--port", "80"]), ("an argument", ["what"])):
        p = subprocess.run([BIN + "/lastack", "trace", *argv], capture_output=True, text=True)
        ok(p.returncode == 2 and p.stderr.startswith("lastack: ") and p.stderr.count("\n") == 1 or
           (p.returncode == 2 and "unrecognized" in p.stderr), "refused: " + words,
           p.returncode, p.stderr)


def main():
    build()
    c, s = Trace("client"), Trace("server")
    ok(c.head.get("kernel") == os.uname().release, "the first line is the header", c.head)
    in_order(c, s)
    ipv6(c, s)
    linger(c, s)
    orphan(c, s)
    reset_by_orphan(c, s)
    simultaneous(c, s)
    probe(c, s)
    old_fin(c, s, 1)
    old_fin(c, s, 0)
    reused_by_syn(c, s)
    reused_by_connect(c, s)
    overflow(c, s)
    refused_syns(c, s)
    synack(c, s)
    destroyed(c, s)
    for name, t in (("client", c), ("server", s)):
        ok(t.end() == 0 and t.summary.endswith(" 0 lost"), "%s: Ctrl-C ends it, nothing was lost" % name,
           t.summary)
    syn_recv()
    filters()
    text()
    reader_leaves()
    reader_stalls()
    reader_is_slow()
    stack_json()
    callers()
    aborted()
    counts()
    usage()
    manual()
    if os.environ.get("SLOW"):
        minute(500)
    print("1..%d" % count)
    return 1 if failed else 0


sys.exit(main())
