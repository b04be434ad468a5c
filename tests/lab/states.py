#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Makes each kind of TCP socket and asserts what `lastack states` says of it: states.py BIN NETNS"""
import array
import ctypes
import json
import os
import re
import resource
import shutil
import signal
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time

NOBODY = 65534
MANY = int(os.environ.get("STATES_MANY", "20000"))
LOOPBACK = "127.0.0.1"
NO_BPF = "-sys_admin,-bpf,-perfmon"  # capabilities
BEGAN = time.monotonic()

count = failed = 0
children = []
kept = []  # sockets that have to stay open


def ok(good, what, seen=""):
    global count, failed
    count += 1
    print(f"{'ok' if good else 'not ok'} {count} - {what}", flush=True)
    if not good:
        failed += 1
        for line in str(seen).splitlines()[:40]:
            print(f"#   {line}", flush=True)


def skip(what, why):
    global count
    count += 1
    print(f"ok {count} - {what} # SKIP {why}", flush=True)


def until(condition, seconds=5):
    """Polls: the states come about by segments that cross loopback meanwhile."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        got = condition()
        if got:
            return got
        time.sleep(0.02)
    return condition()


def name_process(name):
    with open("/proc/self/comm", "w") as f:
        f.write(name)


def child(work):
    """A process that does `work`, says so, and stays until it is killed."""
    read, write = os.pipe()
    pid = os.fork()
    if not pid:
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
        try:
            for s in kept:
                s.close()
            os.close(read)
            hold = work()
            os.write(write, b"+")
            while hold is not None:
                signal.pause()
        finally:
            os._exit(0)
    os.close(write)
    done = os.read(read, 1)
    os.close(read)
    if done != b"+":
        raise SystemExit("a part of the scene could not be made")
    children.append(pid)
    return pid


def listener(port, backlog=16, family=socket.AF_INET, address=LOOPBACK, reuseport=False):
    s = socket.socket(family)
    if reuseport:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((address, port))
    s.listen(backlog)
    return s


def client(port, family=socket.AF_INET, address=LOOPBACK):
    s = socket.socket(family)
    s.connect((address, port))
    return s


# Each of these is a process; what it returns stays open. Ports tell the cases apart.


def leaking_server():
    name_process("leaky")
    s = listener(5001)
    clients = [client(5001) for _ in range(3)]
    held = [s.accept()[0] for _ in clients]
    for c in clients:
        c.close()
    return s, held


def server_that_never_accepts():
    name_process("stuck")
    s = listener(5002)
    silent, talker = client(5002), client(5002)
    talker.send(b"12345")
    talker.close()
    return s, silent


def two_processes():
    name_process("forker")
    s = listener(5003)
    c = client(5003)
    held = s.accept()[0]
    read, write = os.pipe()
    if not os.fork():
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)
        os.write(write, b"+")
        signal.pause()
    os.read(read, 1)
    return s, c, held


def half_closed():
    name_process("halfway")
    s = listener(5004)
    c = client(5004)
    held = s.accept()[0]
    c.shutdown(socket.SHUT_WR)
    return s, c, held


def closed_with_data_left():
    """Its FIN waits behind data that the other side does not take."""
    name_process("slow")
    s = listener(5005)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    c = client(5005)
    held = s.accept()[0]
    c.setblocking(False)
    try:
        while True:
            c.send(b"x" * 65536)
    except BlockingIOError:
        c.close()
    return s, held


def waiting_in_close():
    """SO_LINGER: the descriptor is gone at once, and close() waits for the data to be taken."""
    name_process("linger")
    s = listener(5014)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    c = client(5014)
    held = s.accept()[0]
    c.setblocking(False)
    try:
        while True:
            c.send(b"x" * 65536)
    except BlockingIOError:
        c.setblocking(True)
    c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 600))
    threading.Thread(target=c.close, daemon=True).start()
    return s, held


def closed_in_order():
    name_process("orderly")
    s = listener(5006)
    c = client(5006)
    held = s.accept()[0]
    c.close()
    held.recv(1)
    held.close()
    return (s,)


def on_its_way():
    """A listener that only a message in a socket's queue holds."""
    name_process("courier")
    a, b = socket.socketpair()
    s = listener(5007)
    a.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [s.fileno()]))])
    s.close()
    return a, b


def handshake_not_done():
    name_process("deferrer")
    s = listener(5008)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, 30)
    return s, client(5008)


def doubled():
    name_process("doubler")
    s = listener(5009)
    return s, os.dup(s.fileno())


def in_a_thread_alone():
    """Held by a thread with descriptors of its own: the process itself has closed it."""
    name_process("threaded")
    s = listener(5010)
    ready, closed = threading.Event(), threading.Event()

    def hold():
        ctypes.CDLL(None).unshare(0x400)  # CLONE_FILES
        ready.set()
        closed.wait()
        signal.pause()

    threading.Thread(target=hold, daemon=True).start()
    ready.wait()
    s.close()
    closed.set()
    return (ready,)


def over_ipv6():
    name_process("sixer")
    s = listener(5011, family=socket.AF_INET6, address="::")
    c6, c4 = client(5011, socket.AF_INET6, "::1"), client(5011)
    return s, c6, c4, s.accept()[0], s.accept()[0]


def as_nobody():
    name_process("nobodys")
    s = listener(5012)
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)
    return (s,)


def odd_name():
    name_process('a"b\\c\x1b[31m')
    return (listener(5013),)


def one_of_two_stuck():
    """Two listeners at one address, one of them served: only the other one has a queue."""
    name_process("served")
    read, write = os.pipe()
    if not os.fork():
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)
        name_process("unserved")
        s = listener(5023, reuseport=True)
        os.write(write, b"+")
        signal.pause()
    os.read(read, 1)
    s = listener(5023, reuseport=True)
    s.settimeout(0.05)
    clients, served = [], []
    while len(served) < 4 or len(clients) - len(served) < 4:
        clients.append(client(5023))
        try:
            served.append(s.accept()[0])
        except TimeoutError:
            pass
    return s, clients, served


def two_stuck():
    """Two listeners at one address, and nobody accepts."""
    name_process("lefty")
    s = listener(5024, reuseport=True)
    read, write = os.pipe()
    if not os.fork():
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)
        name_process("righty")
        s.close()
        s = listener(5024, reuseport=True)
        os.write(write, b"+")
        signal.pause()
    os.read(read, 1)
    return s, [client(5024) for _ in range(16)]


def one_in_two_programs():
    """A child that inherits both ends, and a name of its own."""
    name_process("parent")
    s = listener(5025)
    halves = [client(5025) for _ in range(2)]
    held = [s.accept()[0] for _ in halves]
    for c in halves:
        c.shutdown(socket.SHUT_WR)
    read, write = os.pipe()
    if not os.fork():
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)
        name_process("heir")
        s.close()
        os.write(write, b"+")
        signal.pause()
    os.read(read, 1)
    return s, halves, held


def reset_and_kept():
    """Connections that the peer has reset: their descriptors are left, and no list has them."""
    name_process("keeper")
    s = listener(5027)
    held = []
    for _ in range(12):
        c = client(5027)
        held.append(s.accept()[0])
        c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        c.close()
    return s, held


def bound_and_bare():
    """One socket that has a port, and is listed; one that has nothing."""
    name_process("bare")
    bound = socket.socket()
    bound.bind((LOOPBACK, 5028))
    return bound, socket.socket(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM)


class Lastack:
    def __init__(self, program, netns):
        self.program, self.netns = program, netns

    def run(self, *args, user=None, out=subprocess.PIPE):
        def drop():
            if user:
                os.setgroups([])
                os.setresgid(user, user, user)
                os.setresuid(user, user, user)

        return subprocess.run([self.program, "states", *args], stdout=out, stderr=subprocess.PIPE,
                              text=True, preexec_fn=drop)

    def json(self, *args, **kw):
        return json.loads(self.run("--json", *args, **kw).stdout)

    def sockets(self, *args, **kw):
        return self.json(*args, **kw)["sockets"]

    def on(self, port, state, side="local"):
        return [s for s in self.sockets("--port", str(port), state) if s[side]["port"] == port]


def held_by(sockets):
    return [s["held_by"] for s in sockets]


def check_program(l, pids):
    got = until(lambda: (x := l.on(5001, "CLOSE_WAIT")) and len(x) == 3 and x)
    ok(len(got) == 3 and held_by(got) == ["program"] * 3, "leaked CLOSE_WAITs have their program", got)
    owners = [o for s in got for o in s["owners"]]
    ok(len({o["fd"] for o in owners}) == 3 and {o["pid"] for o in owners} == {pids["leaking_server"]}
       and {o["command"] for o in owners} == {"leaky"}, "with pid, command and descriptor", owners)
    ok(all(s["recv_q"] == 1 and s["timer"] is None for s in got),
       "Recv-Q counts the FIN, and no timer runs", got)
    ok(all(s["age"] and not s["age"]["exact"] for s in got), "age: at least", got)
    whole = l.json("CLOSE_WAIT")
    leaky = [p for p in whole["programs"] if p["program"] == "leaky"]
    ok(leaky and leaky[0]["states"] == {"CLOSE_WAIT": 3} and leaky[0]["processes"] == 1,
       "counted by program", whole["programs"])
    ok(any("leaky has not" in h for h in whole["hints"]), "and explained", whole["hints"])


def check_age_grows(l):
    def age():
        return min(s["age"]["ms"] for s in l.on(5001, "CLOSE_WAIT"))

    first, began = age(), time.monotonic()
    grown = until(lambda: age() >= first + 500)
    passed = (time.monotonic() - began) * 1000
    ok(grown and age() <= first + passed + 1000, "an age grows with time and no faster", (first, age()))
    old = age()
    lived = (time.monotonic() - BEGAN) * 1000
    ok(old <= lived, "and is never more than the socket has lived", (old, lived))


def check_unaccepted(l, pids):
    got = until(lambda: (x := l.on(5002, "CLOSE_WAIT")) and x)
    ok(held_by(got) == ["not accepted"] and got[0]["recv_q"] == 6 and got[0]["inode"] == 0,
       "never accepted: no owner, Recv-Q has 5 bytes and the FIN", got)
    ok(got and [o["pid"] for o in got[0]["listener"]["owners"]] == [pids["server_that_never_accepts"]],
       "but a listener, which is named", got)
    got = l.on(5002, "ESTABLISHED")
    ok(held_by(got) == ["not accepted"], "nor is the one that stays open accepted", got)
    text = l.run("CLOSE_WAIT", "--port", "5002").stdout
    ok(re.search(r"\(not accepted\) of \d+/stuck fd \d+", text), "in the table too", text)


def listeners_of(s):
    return s.get("listeners") or [s["listener"]]


def check_shared_address(l):
    def all_queues():
        whole = l.json("--port", "5023")
        queues = {s["owners"][0]["command"]: s["recv_q"] for s in whole["sockets"] if s["state"] == "LISTEN"}
        return queues.get("served") == 0 and queues.get("unserved", 0) >= 4 and whole

    whole = until(all_queues)
    got = [s for s in whole["sockets"] if s["held_by"] == "not accepted"]
    ok(got and all([o["command"] for o in s["listener"]["owners"]] == ["unserved"] for s in got),
       "of two listeners at one address, one with an empty queue is never blamed", got)
    ok(any(p["program"] == "(not accepted by unserved)" for p in whole["programs"]),
       "nor in the summary", whole["programs"])
    check_two_queues(l, lambda *args: l.run("--port", "5024", *args).stdout, bpf_works(l))
    check_two_queues(l, lambda *args: subprocess.run(
        ["setpriv", "--bounding-set", NO_BPF, "--inh-caps", NO_BPF, l.program, "states", "--port", "5024", *args],
        stdout=subprocess.PIPE, text=True).stdout, False)


def check_two_queues(l, run, sure):
    whole = json.loads(run("--json"))
    queues = {s["owners"][0]["command"]: s["recv_q"] for s in whole["sockets"] if s["state"] == "LISTEN"}
    got = [s for s in whole["sockets"] if s["held_by"] == "not accepted"]
    blamed = [" ".join(sorted(x["owners"][0]["command"] for x in listeners_of(s))) for s in got]
    if sure:
        ok(len(got) == 16 and {n: blamed.count(n) for n in queues} == queues,
           "where both have a queue, the one whose queue has it is named", (queues, blamed))
        return
    ok(len(got) == 16 and all(queues.values()) and set(blamed) == {"lefty righty"} and
       all(s["n_listeners"] == 2 for s in got),
       "where both have a queue and nobody can look into it, both are named", (queues, blamed))
    text = run()
    ok(re.search(r"\(not accepted\) of \d+/(lefty|righty) fd \d+ or \d+/(lefty|righty) fd", text)
       and re.search(r"^\(not accepted by (lefty or righty|righty or lefty)\)", text, re.M),
       "in the table and in the summary too", text)


def check_ends(l):
    got = until(lambda: (x := l.on(5002, "FIN_WAIT_2", "remote")) and held_by(x) == ["minisocket"] and x)
    ok(got and got[0]["timer"]["kind"] == "timewait" and 0 < got[0]["timer"]["expires_ms"] <= 62100,
       "FIN_WAIT_2 after close() is a minisocket with a timer", got)
    ok(got and got[0]["age"] is None, "of unknown age", got)
    got = until(lambda: l.on(5004, "FIN_WAIT_2", "remote"))
    ok(held_by(got) == ["program"] and got[0]["timer"] is None,
       "FIN_WAIT_2 after shutdown() is its program's and has no timer", got)
    got = until(lambda: l.on(5005, "FIN_WAIT_1", "remote"))
    ok(held_by(got) == ["orphan"] and got[0]["send_q"] > 0 and got[0]["timer"],
       "FIN_WAIT_1 after close() is an orphan, its data and a timer left", got)
    got = until(lambda: l.on(5006, "TIME_WAIT", "remote"))
    ok(held_by(got) == ["minisocket"] and got[0]["age"]["exact"]
       and got[0]["age"]["ms"] + got[0]["timer"]["expires_ms"] == 60000,
       "TIME_WAIT is a minisocket, its age and its timer make 60 s", got)


def check_handshake(l):
    got = l.on(5008, "SYN_RECV")
    ok(held_by(got) == ["handshake"] and got[0]["listener"]["owners"][0]["command"] == "deferrer",
       "a handshake under way names its listener", got)
    ok([s["cookie"] for s in l.on(5008, "NEW_SYN_RECV")] == [s["cookie"] for s in got],
       "NEW_SYN_RECV is another name of SYN_RECV")


def check_several_owners(l):
    got = l.on(5003, "LISTEN")
    ok(len(got) == 1 and len({o["pid"] for o in got[0]["owners"]}) == 2
       and {o["command"] for o in got[0]["owners"]} == {"forker"}, "both owners after a fork", got)
    programs = l.json("LISTEN", "--port", "5003")["programs"]
    ok(len(programs) == 1 and programs[0]["sockets"] == 1 and programs[0]["processes"] == 2,
       "are one socket of one program with two processes", programs)
    got = l.on(5009, "LISTEN")
    ok(len(got) == 1 and len({o["fd"] for o in got[0]["owners"]}) == 2
       and len({o["pid"] for o in got[0]["owners"]}) == 1, "both descriptors after a dup()", got)
    got = l.on(5010, "LISTEN")
    ok(held_by(got) == ["program"] and got[0]["owners"][0]["command"] == "threaded",
       "a descriptor of one thread alone is found", got)


def check_shared(l):
    whole = until(lambda: (w := l.json("CLOSE_WAIT", "FIN_WAIT_2", "--port", "5025")) and len(w["sockets"]) == 4 and w)
    for state in "CLOSE_WAIT", "FIN_WAIT_2":
        hints = [h for h in whole["hints"] if h.startswith(state)]
        ok(len(hints) == 1 and re.search(r"\b2 connections\b.*: \d+/(parent, \d+/heir|heir, \d+/parent)\. .*\ball of them\b",
                                         hints[0], re.I),
           f"{state} that two programs share: once, both named, and that both must close", whole["hints"])
    ok(sorted((p["program"], p["sockets"], p["shared"]) for p in whole["programs"])
       == [("heir", 4, 4), ("parent", 4, 4)], "the summary says how many are shared", whole["programs"])
    whole = l.json("CLOSE_WAIT", "--port", "5001")
    ok([p["shared"] for p in whole["programs"]] == [0], "and that those of one process are not", whole)


def check_families(l):
    got = l.on(5011, "ESTABLISHED")
    ok(sorted((s["family"], s["local"]["address"]) for s in got) == [(4, LOOPBACK), (6, "::1")],
       "IPv4 over an AF_INET6 socket is IPv4", got)
    text = l.run("--port", "5011", "LISTEN").stdout
    ok("[::]:5011" in text and "[::]:*" in text, "IPv6 addresses in brackets", text)


def bpf_works(l):
    p = subprocess.run([l.program, "doctor", "--json"], stdout=subprocess.PIPE, text=True)
    return any(c["name"] == "bpf" and c["have"] for c in json.loads(p.stdout)["capabilities"])


def check_mptcp_orphan(l):
    """The subflow of a closed connection keeps the number of a socket that is gone."""
    what = "a subflow whose program has closed is an orphan"
    try:
        s = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262)  # IPPROTO_MPTCP
    except OSError as e:
        skip(what, str(e))
        return
    c = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262)
    s.bind((LOOPBACK, 5026))
    s.listen(4)
    c.connect((LOOPBACK, 5026))
    held = s.accept()[0]
    c.close()
    got = until(lambda: [x for x in l.sockets("--port", "5026") if x["remote"]["port"] == 5026])
    ok(got and all(h in ("orphan", "minisocket") for h in held_by(got)), what, got)
    held.close()
    s.close()


def check_kernel(l):
    sure = bpf_works(l)
    if sure:
        check_unconnected(l)
    got = l.on(5007, "LISTEN")
    ok(held_by(got) == ["hidden" if sure else "kernel?"], "a socket on its way is hidden", got)
    got = until(lambda: l.on(5014, "FIN_WAIT_1", "remote"))
    ok(held_by(got) == ["hidden" if sure else "kernel?"], "so is one whose program waits in close()", got)
    if sure:
        check_mptcp_orphan(l)
    p = subprocess.run(["ip", "mptcp", "endpoint", "add", "198.18.0.1", "dev", "lo", "signal",
                        "port", "5020"], stderr=subprocess.PIPE, text=True)
    if p.returncode:
        skip("the kernel's own listener", "no MPTCP here: " + p.stderr.strip())
        return
    got = until(lambda: l.on(5020, "LISTEN"))
    ok(held_by(got) == ["kernel" if sure else "kernel?"], "a listener of the kernel is the kernel's", got)
    got = l.sockets("--kernel", "LISTEN")
    ports = {s["local"]["port"] for s in got}
    ok(5020 in ports and not ports & {5001, 5002, 5003, 5010},
       "--kernel LISTEN lists it, and no program's", got)
    subprocess.run(["ip", "mptcp", "endpoint", "flush"], check=True)


def check_without_bpf(l):
    """Root that may look into every process, and may not load BPF programs."""
    def owners(args):
        p = subprocess.run([*args, l.program, "states", "--json"], stdout=subprocess.PIPE, text=True)
        return {s["cookie"]: (s["held_by"].replace("kernel?", "hidden"), s["owners"])
                for s in json.loads(p.stdout)["sockets"]}, p.stdout

    without, text = owners(["setpriv", "--bounding-set", NO_BPF, "--inh-caps", NO_BPF])
    ok("kernel?" in text and "hidden" not in text, "without BPF: kernel?", text[:500])
    dups = [os.dup(0) for _ in range(2000)]  # more than the short walk reads
    many, _ = owners(["setpriv", "--bounding-set", NO_BPF, "--inh-caps", NO_BPF])
    with_bpf, _ = owners([])
    for fd in dups:
        os.close(fd)
    same = without.keys() & many.keys() & with_bpf.keys()
    ok(len(same) > 20 and all(without[k] == many[k] == with_bpf[k] for k in same),
       f"the walk and the kernel find the same owners of {len(same)} sockets",
       [(without[k], many[k], with_bpf[k]) for k in same if not without[k] == many[k] == with_bpf[k]])


def restless():
    """Opens and closes, as fast as it goes, for as long as it lives."""
    name_process("restless")
    if os.fork():
        return ()
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)
    s, open_ones = listener(5030), []
    while True:
        c = client(5030)
        c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # leave no TIME_WAIT
        open_ones.append((c, s.accept()[0]))
        if len(open_ones) > 50:
            for x in open_ones.pop(0):
                x.close()


def check_races(l):
    pid = child(restless)
    seen, wrong = 0, []
    for _ in range(60):
        for s in l.sockets("ESTABLISHED", "--port", "5030"):
            seen += 1
            if s["held_by"] in ("kernel", "kernel?", "hidden"):
                wrong.append(s)
    os.kill(pid, signal.SIGKILL)
    ok(seen and not wrong, f"of {seen} sockets that are opened and closed meanwhile none is called the kernel's", wrong)


def check_unconnected(l):
    def told(*args):
        whole = l.json(*args)
        return ({u["command"]: u["descriptors"] for u in whole["unconnected"] if u["command"] in ("keeper", "bare")},
                [h for h in whole["hints"] if "without a connection" in h])

    counts, hints = told()
    ok(counts == {"keeper": 12, "bare": 1} and len(hints) == 1 and re.search(r"12 descriptors of \d+/keeper ", hints[0]),
       "descriptors that a reset has left are counted, and told of where they are several", (counts, hints))
    counts, hints = told("CLOSE")
    ok(counts == {"keeper": 12, "bare": 1} and any("1 descriptor of" in h for h in hints),
       "CLOSE tells of each", (counts, hints))
    ok(told("CLOSE_WAIT") == told("--port", "5027") == ({}, []), "and other questions of none", told("CLOSE_WAIT"))
    text = l.run("CLOSE", "--port", "5028").stdout
    ok("BOUND_INACTIVE" in text and "/bare fd" in text, "what has a port is listed", text)
    p = subprocess.run(["unshare", "-n", l.program, "states", "CLOSE", "--json"], stdout=subprocess.PIPE, text=True)
    ok(not json.loads(p.stdout)["unconnected"], "another namespace has others", p.stdout)


def check_lost_segments(l):
    """What is lost is sent again, and a sentence says what ends it. A few are not worth one."""
    if not shutil.which("nft"):
        skip("segments that are lost", "no nft")
        return
    subprocess.run(["nft", "-f", "-"], check=True, text=True, input="""
        table ip states {
            chain in {
                type filter hook input priority 0;
                tcp sport { 5040, 5041 } tcp flags & (syn | ack) == (syn | ack) drop
                tcp sport { 5042, 5043 } tcp flags & fin == fin drop
            }
        }
        """)
    s = [listener(port, 64) for port in (5040, 5041, 5042, 5043)]
    for port, n in (5040, 12), (5041, 3):
        for _ in range(n):
            c = socket.socket()
            c.setblocking(False)
            c.connect_ex((LOOPBACK, port))
            kept.append(c)
    for at, n in (2, 12), (3, 3):
        for _ in range(n):
            c = client(5040 + at)
            held = s[at].accept()[0]
            c.close()
            held.recv(1)
            held.close()
    for state, port, words in (("SYN_SENT", 5040, "tcp_syn_retries"), ("SYN_RECV", 5040, "tcp_synack_retries"),
                               ("LAST_ACK", 5042, "tcp_orphan_retries")):
        def told(at):
            return [h for h in l.json(state, "--port", str(at))["hints"] if h.startswith(state)]

        got = until(lambda: told(port))
        ok(len(got) == 1 and words in got[0] and re.search(r"\b1[0-2]\b", got[0]),
           f"many in {state}, sent again: what ends them", got)
        ok(not told(port + 1), f"of three in {state} no word", told(port + 1))
    subprocess.run(["nft", "delete", "table", "ip", "states"], check=True)
    for c in kept + s:
        c.close()
    kept.clear()


def check_as_user(l):
    p = l.run("--json", user=NOBODY)
    doc = json.loads(p.stdout)
    kinds = {s["held_by"] for s in doc["sockets"] if s["inode"]}
    ok(not doc["all_processes_visible"] and "not visible" in kinds
       and not kinds & {"kernel", "kernel?", "hidden"},
       "an ordinary user is told what cannot be seen, and no guess", kinds)
    ok("cannot be seen" in p.stderr, "in words", p.stderr)
    p = l.run("--kernel", "LISTEN", user=NOBODY)
    ok(p.returncode == 4 and "root" in p.stderr and not p.stdout,
       "--kernel without root: 4, and what is missing", p)
    got = [s for s in l.sockets("LISTEN", "--port", "5012") if s["owners"]]
    ok(got and got[0]["owners"][0]["command"] == "nobodys", "root sees other users' owners", got)


def rows_of_ss(args):
    p = subprocess.run(["ss", "-tanpeOH", *args], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                       text=True)
    rows = set()
    for line in p.stdout.splitlines():
        f = line.split()
        owners = tuple(sorted((int(a), int(b)) for a, b in
                              re.findall(r"pid=(\d+),fd=(\d+)", line)))
        inode = re.search(r"\bino:(\d+)", line)
        rows.add((f[0].replace("-", "_"), int(f[1]), int(f[2]), f[3], f[4], owners,
                  int(inode[1]) if inode else 0))
    return rows


SS_NAMES = {"ESTABLISHED": "ESTAB"}


def as_ss(s):
    def end(e):
        a = f"[{e['address']}]" if ":" in e["address"] else e["address"]
        return f"{a}:{e['port'] or '*'}"

    return (SS_NAMES.get(s["state"], s["state"]), s["recv_q"], s["send_q"], end(s["local"]),
            end(s["remote"]), tuple(sorted((o["pid"], o["fd"]) for o in s["owners"])), s["inode"])


def tidy(row):
    """ss names a device, mapped addresses and the any-address in ways of its own."""
    def end(text):
        text = re.sub(r"%\w+", "", text).replace("[::ffff:127.0.0.1]", LOOPBACK)
        return "[::]:" + text[2:] if text.startswith("*:") else text

    return row[:3] + (end(row[3]), end(row[4])) + row[5:]


def check_against_ss(l):
    def differences():
        ours = {as_ss(s) for s in l.sockets() if s["local"]["port"] != 5010}
        theirs = {tidy(r) for r in rows_of_ss([]) if ":5010" not in r[3]}
        ours = {tidy(r) for r in ours}
        return (ours ^ theirs), len(ours)

    def agreed():
        d, n = differences()
        return n if not d else 0

    n = until(agreed, 10)
    ok(n, f"agrees with ss on each of {n} sockets: state, queues, addresses, owners, inode",
       "\n".join(map(str, sorted(differences()[0]))) if not n else "")


def check_text(l):
    p = l.run("CLOSE_WAIT")
    lines = p.stdout.splitlines()
    ok(p.returncode == 0 and lines[0].split() == ["STATE", "RECV-Q", "SEND-Q", "LOCAL", "REMOTE",
                                                  "TIMER", "AGE", "OWNER"], "a heading", lines[0])
    ok("\x1b" not in p.stdout, "no colour where it is no terminal", repr(p.stdout[:200]))
    text = l.run("LISTEN", "--port", "5013").stdout
    ok("\x1b" not in text and 'a"b\\c?[31m' in text, "a command's name cannot command a terminal", repr(text))
    got = l.sockets("LISTEN", "--port", "5013")
    ok(got and got[0]["owners"][0]["command"] == 'a"b\\c\x1b[31m', "and is itself in the JSON", got)
    lines = l.run("ESTABLISHED", "--port", "1").stdout.splitlines()
    ok(len(lines) == 2 and lines[1] == "no such socket here", "nothing to show is said", lines)
    a, b = l.sockets("--netns", l.netns, "LISTEN"), l.sockets("--pid", str(os.getpid()), "LISTEN")
    ok(a and a == b == l.sockets("LISTEN"), "--netns and --pid name this namespace", (len(a), len(b)))
    got = {s["state"] for s in l.sockets("close-wait", "FinWait2", "estab")}
    ok(got == {"CLOSE_WAIT", "FIN_WAIT_2", "ESTABLISHED"}, "other spellings of states", got)


def check_refusals(l):
    for args, code, words in (
            (["CLOSE_WIAT"], 2, "did you mean CLOSE_WAIT?"),
            (["FOO"], 2, "there is no state 'FOO', only ESTABLISHED, SYN_SENT, "),
            (["--jsn"], 2, "did you mean --json?"),
            (["--port", "0"], 2, "1 to 65535"),
            (["--port", "80x"], 2, "1 to 65535"),
            (["--port"], 2, "needs a value"),
            (["--netns", "no-such"], 2, "no network namespace 'no-such'"),
            (["--netns", "../x"], 2, "no name"),
            (["--pid", "4194304"], 2, "no process"),
            (["--netns", l.netns, "--pid", "1"], 2, "one of them")):
        p = l.run(*args)
        ok(p.returncode == code and words in p.stderr and p.stderr.count("\n") == 1 and not p.stdout,
           f"states {' '.join(args)}: {code}", p)
    with open("/dev/full", "w") as full:
        p = l.run(out=full)
    ok(p.returncode == 3 and "No space left" in p.stderr, "no room for the output: 3", p)


def check_long_queue(l):
    """Eight digits of SEND-Q are a column of their own; the receiver takes nothing."""
    s = listener(5022)
    c = socket.socket()
    c.setsockopt(socket.SOL_SOCKET, 32, 64 << 20)  # SO_SNDBUFFORCE
    c.connect((LOOPBACK, 5022))
    c.setblocking(False)
    try:
        while True:
            c.send(bytes(1 << 20))
    except BlockingIOError:
        pass
    lines = l.run("ESTABLISHED", "--port", "5022").stdout.splitlines()
    queues = [w.split()[1:3] for w in lines if f"{LOOPBACK}:{c.getsockname()[1]} " in w]
    ok(any(q[0] == "0" and q[1].isdigit() and int(q[1]) > 10_000_000 for q in queues),
       "a long queue keeps its distance from the one before", lines)
    s.close()
    c.close()


def timed(l):
    """Wall clock and CPU time of one run, in ms."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([l.program, "states"], stdout=subprocess.DEVNULL)
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall * 1000, cpu * 1000


def minisockets():
    with open("/proc/net/sockstat") as f:
        return int(re.search(r"^TCP:.* tw (\d+)", f.read(), re.M)[1])


def set_sysctl(name, value):
    with open("/proc/sys/net/ipv4/" + name, "w") as f:
        f.write(value)


def check_ports(l):
    """Half of a range of 100 is taken towards one address, and not towards two."""
    with open("/proc/sys/net/ipv4/ip_local_port_range", "w") as f:
        f.write("40000 40099")
    s = listener(5021, 200)

    def connected(address, n):
        for _ in range(n):
            c = socket.socket()
            c.connect((address, 5021))
            kept.append(c)

    connected(LOOPBACK, 40)
    few = [h for h in l.json()["hints"] if h.startswith("Ports")]
    connected(LOOPBACK, 20)
    many = [h for h in l.json()["hints"] if h.startswith("Ports")]
    ok(not few and len(many) == 1 and "60 of the 100 from 127.0.0.1 to 127.0.0.1:5021" in many[0],
       "ports towards one address that run out", (few, many))
    s.close()
    for c in kept:
        c.close()
    kept.clear()
    with open("/proc/sys/net/ipv4/ip_local_port_range", "w") as f:
        f.write("32768 60999")


def check_many(l, here):
    set_sysctl("tcp_max_tw_buckets", "1000000")
    set_sysctl("tcp_tw_reuse", "0")
    subprocess.run([os.path.join(here, "timewaits.py"), str(MANY)], check=True)
    before = minisockets()
    groups = {p["program"]: p["sockets"] for p in l.json()["programs"]}
    after = minisockets()  # they only become fewer
    n = groups.get("(minisocket)", 0)
    ok(n and after <= n <= before, f"{n} minisockets, as the kernel counts them", (before, after, groups))
    figures = [timed(l) for _ in range(15)]
    print(f"# all of them printed: median {statistics.median(f[0] for f in figures):.0f} ms, "
          f"CPU {statistics.median(f[1] for f in figures):.0f} ms (load {os.getloadavg()[0]:.1f})")


SCENE = [leaking_server, server_that_never_accepts, two_processes, half_closed, closed_with_data_left, waiting_in_close,
         closed_in_order, on_its_way, handshake_not_done, doubled, in_a_thread_alone, over_ipv6,
         as_nobody, odd_name, one_of_two_stuck, two_stuck,
         one_in_two_programs, reset_and_kept, bound_and_bare]


def main():
    bin_dir, netns = sys.argv[1:3]
    here = os.path.dirname(os.path.abspath(__file__))
    with tempfile.TemporaryDirectory() as d:
        os.chmod(d, 0o755)  # an ordinary user runs it too
        program = shutil.copy(os.path.join(bin_dir, "lastack"), d)
        os.chmod(program, 0o755)
        l = Lastack(program, netns)
        try:
            pids = {work.__name__: child(work) for work in SCENE}
            check_program(l, pids)
            check_age_grows(l)
            check_unaccepted(l, pids)
            check_shared_address(l)
            check_ends(l)
            check_handshake(l)
            check_several_owners(l)
            check_shared(l)
            check_families(l)
            check_against_ss(l)
            check_kernel(l)
            check_without_bpf(l)
            check_races(l)
            check_as_user(l)
            check_text(l)
            check_refusals(l)
            check_long_queue(l)
            check_lost_segments(l)
            check_ports(l)
            check_many(l, here)
        finally:
            for pid in children:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
    print(f"1..{count}")
    return 1 if failed else 0


sys.exit(main())
