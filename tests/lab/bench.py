# SPDX-License-Identifier: BSD-2-Clause
"""The benchmark's function, never its speed: counts, sides, errors, forms of output, ends."""
import ctypes
import errno
import fcntl
import glob
import json
import os
import pty
import re
import resource
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
import xml.etree.ElementTree

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from tap import end, skip, tap

BIN = os.path.join(os.path.abspath(os.environ.get("BIN", "bin")), "lastack")


def run(*words, **more):
    return subprocess.run([BIN, "bench", *words], capture_output=True, text=True, timeout=120, check=False,
                          **more)


def bench(*words, **more):
    p = run(*words, "--json", **more)
    if p.returncode:
        raise RuntimeError("%s: exit %d: %s" % (" ".join(words), p.returncode, p.stderr))
    return json.loads(p.stdout)


def short_range(n):
    return ["--set", "client:net.ipv4.ip_local_port_range=40000 %d" % (40000 + n - 1)]


def closes():
    """Whoever closes first keeps TIME_WAIT, and nobody after a reset."""
    for engine in ("ring", "event"):
        for close in ("client", "server"):
            for by in ("fin", "rst", "half"):
                for ip in ("4", "6"):
                    r = bench("--engine", engine, "--close", close, "--by", by, "--ip", ip, "--connections",
                              "2000", "--dests", "2")
                    other = "server" if close == "client" else "client"
                    kept, n = r[close]["time_wait"], r["connections"]
                    good = r["errors"] == 0 and n == 2000 and r[other]["time_wait"] == 0
                    if by == "rst":
                        good = good and kept == 0 and r[close]["out_rsts"] >= 2000
                    elif close == "client":
                        good = good and kept == 2000
                    else:  # a client without TIME_WAIT may take a port again: the server's makes way
                        good = good and 1900 <= kept <= 2000 == r[close]["tw"]
                    tap("%s: the %s closes by %s, IPv%s" % (engine, close, by, ip), good and "reset" not in "".join(r["notes"]),
                        json.dumps({k: r[k] for k in ("errors", "connections", "why", "client", "server", "notes")}))


def together():
    """Connections, TIME_WAIT and segments are those of the same moment, with however many flows."""
    for engine in ("ring", "event"):
        for flows in 1, 300, 3000:
            r = bench("--engine", engine, "--flows", str(flows), "--for", "300ms")
            client, server = r["client"], r["server"]
            tap("%s, %d flows: six segments there, four or five back, a TIME_WAIT each" % (engine, flows),
                r["connections"] == client["time_wait"] > 0 and not r["in_flight"]["n"] and r["took_s"] > 0.29 and
                5.9 < client["segments_out_per_connection"] < 6.5 and 3.9 < server["segments_out_per_connection"] < 5.1,
                json.dumps({k: r[k] for k in ("connections", "in_flight", "took_s", "errors", "client", "server")}))
        for words in ["--rate", "5000"], ["--flows", "1000"], ["--pairs", "3", "--flows", "7"]:
            r = bench("--engine", engine, "--connections", "1234", *words)
            tap("%s: --connections 1234 %s: so many exactly" % (engine, " ".join(words)),
                r["connections"] == r["client"]["time_wait"] == 1234 and not r["errors"] and not r["unserved"],
                (r["connections"], r["why"], r["unserved"]))
    r = bench("--connections", "2000", "--rate", "160")
    tap("--connections alone: no end of time", r["connections"] == 2000 and r["took_s"] > 12 and r["run"]["for_s"] is None and
        not any("only" in n for n in r["notes"]), (r["connections"], r["took_s"], r["notes"]))
    for form in [], ["--json"]:
        p = run("--connections", "1000", "--rate", "100", "--for", "300ms", *form)
        tap("--connections beside --for: what came first is said%s" % "".join(form),
            re.search(r"only \d+ of 1000 connections: the 300 ms of --for were over first", p.stdout) and p.returncode == 0, p.stdout)
    text = run("--connections", "100").stdout
    tap("and what was asked for", "asked for   100 connections, as fast" in text, text)


def stuck():
    """Connections that never end are told, as those of a listener without room and of a server that is silent."""
    for engine in ("ring", "event"):
        r = bench("--engine", engine, "--for", "500ms", "--flows", "500", "--set", "server:net.core.somaxconn=1")
        f = r["in_flight"]
        tap("%s: a backlog of one: most are in flight" % engine, f["n"] > 100 and f["oldest_s"] > 0.5 and
            f["connect"] + f["transfer"] + f["end"] == f["n"], json.dumps(f))
        with socket.create_server(("127.0.0.1", 0), backlog=100) as silent:
            p = run("--against", "127.0.0.1:%d" % silent.getsockname()[1], "--for", "300ms", "--flows", "3", "--pairs", "1",
                    "--engine", engine)
        tap("%s: a silent server: nothing has ended, and that is said" % engine, p.returncode == 0 and
            "no connection has ended" in p.stdout and "3 have not ended" in p.stdout and "3 in transfer" in p.stdout, p.stdout)


def full():
    for engine in ("ring", "event"):
        for ports in ("kernel", "range"):
            r = bench("--engine", engine, "--ports", ports, "--pairs", "1", "--flows", "1", "--dests", "1",
                      "--stop-when-full", *short_range(500))
            f = r["full"]
            tap("%s, ports by %s: 500 ports give exactly 500 connections" % (engine, ports),
                r["connections"] == 500 and f["ports"] == 500 and f["ports_held"] == 500 and
                f["to"] == "198.19.0.1:512" and "connect EADDRNOTAVAIL" in r["why"], json.dumps(r["full"]))
    r = bench("--pairs", "1", "--flows", "1", "--dests", "3", "--stop-when-full", *short_range(500))
    tap("three destinations give three times as many", r["connections"] == 1500, r["connections"])
    r = bench("--pairs", "1", "--flows", "1", "--dests", "1", "--sources", "2", "--stop-when-full", *short_range(500))
    tap("two sources give twice as many", r["connections"] == 1000, r["connections"])
    r = bench("--pairs", "1", "--dests", "1", "--ports", "bind", "--connections", "2000", *short_range(500))
    tap("bind() with SO_REUSEADDR goes on past them", r["connections"] >= 2000 and not r["errors"], r["why"])
    r = bench("--pairs", "1", "--dests", "1", "--connections", "1000", "--for", "60s", "--set",
              "client:net.ipv4.tcp_tw_reuse=1", *short_range(500))
    tap("tcp_tw_reuse=1 goes on past them", r["connections"] >= 1000 and r["full"] is not None, r["connections"])


def paces():
    for engine in ("ring", "event"):
        r = bench("--engine", engine, "--rate", "500", "--for", "1s")
        due = 500 * r["took_s"]
        tap("%s: open loop: nothing that was due is lost" % engine,
            due - r["pairs"] * r["flows"] - 2 <= r["connections"] + r["unserved"] + r["errors"] <= due + 4,
            "%s of %s" % (r["connections"] + r["unserved"], due))


def sizes():
    for engine in ("ring", "event"):
        r = bench("--engine", engine, "--request", "5000", "--response", "200000", "--connections", "200")
        out = r["server"]["segments_out_per_connection"]
        tap("%s: 5,000 bytes there, 200,000 back" % engine,
            r["errors"] == 0 and r["connections"] >= 200 and out > 130, "%s %s" % (r["why"], out))


def links():
    r = bench("--link", "loopback", "--connections", "2000", "--ip", "6", "--dests", "2", "--sources", "2")
    tap("loopback", r["connections"] >= 2000 and not r["errors"] and "server" not in r, r["why"])
    r = bench("--link", "loopback", "--for", "100ms", "--set", "client:net.ipv4.ip_local_port_range=40000 49999")
    tap("loopback: a setting stays, whichever side it is of",
        r["sysctls"]["both"]["net.ipv4.ip_local_port_range"] == "40000 49999", r["sysctls"])
    r = bench("--link", "loopback", "--for", "100ms", "--set", "all:net.ipv4.tcp_sack=1", "--set", "client:net.ipv4.tcp_sack=0",
              "--set", "server:net.ipv4.tcp_sack=0", "--set", "server:net.ipv4.tcp_fin_timeout=7")
    tap("loopback: one value that both are to have", r["sysctls"]["both"]["net.ipv4.tcp_sack"] == "0", r["sysctls"])
    for ip in "4", "6":
        r = bench("--link", "wire", "--connections", "500", "--ip", ip, env=dict(os.environ, LASTACK_WIRE="packet"))
        tap("wire over packet sockets, IPv%s, and that is said" % ip, r["connections"] >= 500 and not r["errors"] and
            r["client"]["time_wait"] >= 500 and "packet sockets" in " ".join(r["notes"]), r["why"] or r["notes"])
    # Without its device file TUN is missing, and nothing need be said.
    p = subprocess.run(["unshare", "--mount", "sh", "-c", 'mount -t tmpfs tmpfs /dev/net && exec "$@"', "sh", BIN, "bench",
                        "--link", "wire", "--connections", "500", "--json"], capture_output=True, text=True, timeout=120,
                       check=False) if os.path.isdir("/dev/net") else run("--link", "wire", "--connections", "500", "--json")
    tap("wire where there is no TUN", p.returncode == 0 and json.loads(p.stdout)["connections"] >= 500 and
        "packet sockets" in p.stdout, p.stderr or p.stdout)
    try:
        os.close(os.open("/dev/net/tun", os.O_RDWR))
    except OSError as e:
        skip("wire over TUN", "/dev/net/tun: %s" % e.strerror)
        return
    r = bench("--link", "wire", "--connections", "500")
    tap("wire over TUN", r["connections"] >= 500 and not r["errors"] and r["client"]["time_wait"] >= 500 and
        not r["notes"], r["why"] or r["notes"])


def rulesets():
    """A ruleset is in the host that it is for, and nowhere else."""
    with tempfile.TemporaryDirectory() as folder:
        def write(text):
            with open(os.path.join(folder, "rules"), "w", encoding="utf-8") as f:
                f.write(text)
            return f.name
        # One address of two is refused, by the server as it comes in or by the client as it goes out.
        for host, hook, link in (("server", "input", "veth"), ("client", "output", "veth"), ("client", "output", "loopback")):
            reach = "127.0.0.2" if link == "loopback" else "198.19.0.2"
            path = write("table ip x {\n chain c { type filter hook %s priority 0\n"
                         "  ip daddr %s tcp dport 512 reject with tcp reset\n }\n}\n" % (hook, reach))
            r = bench("--nft", "%s:%s" % (host, path), "--dests", "2", "--pairs", "1", "--flows", "1", "--link", link,
                      "--connections", "100")
            tap("--nft %s over %s" % (host, link), r["errors"] > 10 and list(r["why"]) == ["connect ECONNREFUSED"] and
                r["connections"] >= 100, r["why"])
            other = "client" if host == "server" else "server"
            if link == "veth":
                r = bench("--nft", "%s:%s" % (other, path), "--dests", "2", "--pairs", "1", "--flows", "1", "--connections", "100")
                tap("and not in the other host", not r["errors"], r["why"])
        p = run("--nft", "server:" + write("table ip x {\n chain c { nonsense }\n}\n"), "--for", "1s")
        tap("--nft: an error has its place", p.returncode == 2 and "rules:2:" in p.stderr and "nft: " in p.stderr, p.stderr)
        p = run("sweep", "--nft", "client:" + write("table ip x { }"), "--set", "client:net.ipv4.tcp_sack=0,1", "--repeat",
                "2", "--for", "100ms", "--json")
        tap("--nft in a sweep", p.returncode == 0 and json.loads(p.stdout)["rounds"] == 2, p.stderr)


def observing():
    r = bench("--observe", "full", "--connections", "3000")
    s = r["series"]
    tap("--observe full counts states", s and "established_client" in s[0], s[:1])
    if "stay_us" in r:
        stay = r["stay_us"]
        ends = stay["client"]["FIN_WAIT_1"]["n"], stay["server"]["LAST_ACK"]["n"]
        tap("and tells how long each lasts", not stay["lost"] and min(ends) >= 3000 and
            "CLOSE_WAIT" not in stay["client"], (ends, stay["lost"]))
    else:
        tap("and says why not how long each lasts", any("by dumps" in n for n in r["notes"]), r["notes"])
    text = run("--csv", "--for", "500ms").stdout.splitlines()
    tap("--csv: a line a sample", text[0].startswith("seconds,connections,rate,errors,time_wait_client") and
        len(text) > 2 and all(len(t.split(",")) == 6 for t in text), "\n".join(text[:3]))
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "x.svg")
        p = run("--plot", path, "--for", "500ms")
        root = xml.etree.ElementTree.parse(path).getroot()
        tap("--plot writes an SVG", p.returncode == 0 and root.tag.endswith("svg") and
            len(list(root.iter("{http://www.w3.org/2000/svg}path"))) > 20, p.stderr)


def telling():
    """The result says what was run, and of one namespace not that it were two."""
    r = bench("--for", "200ms", "--close", "server", "--by", "half", "--ip", "6", "--request", "7", "--response", "9",
              "--dests", "3", "--sources", "2", "--ports", "range", "--rate", "900", "--pairs", "1",
              "--set", "client:net.ipv4.tcp_sack=0", "--set", "client:net.ipv4.ip_local_port_range=30000 39999")
    want = {"close": "server", "by": "half", "ip": 6, "link": "veth", "request": 7, "response": 9, "dests": 3, "sources": 2,
            "ports": "range", "rate": 900, "for_s": 0.2, "connections": None, "against": None, "observe": "count",
            "kernel": "%s %s" % (os.uname().sysname, os.uname().release)}
    tap("JSON says what was run", {k: r["run"].get(k, "?") for k in want} == want and len(r["run"]["cpus"]) == 1, r["run"])
    tap("and with which sysctls", r["sysctls"]["client"]["net.ipv4.ip_local_port_range"] == "30000 39999" and
        r["sysctls"]["client"]["net.ipv4.tcp_sack"] == "0" and "net.ipv4.tcp_sack" not in r["sysctls"]["server"], r["sysctls"])
    text = run("--for", "200ms", "--rate", "0.5").stdout
    tap("and so does the table", "client closes first by fin, IPv4 over veth, 1 byte there and 1 back" in text and
        "200 ms, 0.5/s" in text and "Linux" in text and 'ip_local_port_range="1024 65535"' in text, text)
    text = run("--rate", "1e6", "--connections", "1", "--flows", "1", "--pairs", "1", "--dests", "1").stdout
    tap("rates are plain numbers, and one is one", "1 connection, 1000000/s" in text and "1000000/s asked for" in text and
        "result      1 connection in" in text and "1 x 1 flow," in text and "from 1 to 1 address\n" in text, text)
    text = run("capacity", "--rate", "1e6", "--range", "40000-40000").stdout
    tap("and so of a capacity", "question    1000000 connections a second" in text and
        "1 port x 1 source x 1 destination = 1 four-tuple\n" in text, text)
    r = bench("--link", "loopback", "--connections", "500")
    last = r["series"][-1]
    tap("loopback: one side", last["time_wait_client"] == r["client"]["time_wait"] == 500 and
        "time_wait_server" not in last and list(r["sysctls"]) == ["both"], (last, list(r["sysctls"])))
    text = run("--link", "loopback", "--for", "300ms", "--csv").stdout.splitlines()
    tap("loopback: and in CSV", len(text) > 1 and all(t.count(",") == 5 and t.endswith(",") for t in text[1:]), text[:3])
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "x.svg")
        run("--link", "loopback", "--for", "200ms", "--plot", path)
        with open(path, encoding="utf-8") as f:
            text = f.read()
        tap("loopback: and in SVG", ">both sides<" in text and ">server<" not in text and ">client<" not in text, text[:300])
        run("--for", "500ms", "--dests", "1", "--plot", path, *short_range(300))
        with open(path, encoding="utf-8") as f:
            text = f.read()
        tap("SVG: what was run, and when the ports were full", text.count("<svg") == 1 and ">first EADDRNOTAVAIL<" in text and
            "closes first by fin, IPv4 over veth" in text, text[:300])
        path = os.path.join(folder, "y.svg")
        run("--set", "client:net.ipv4.tcp_no_such=1", "--plot", path)
        tap("SVG: nothing is left of a run that failed", not os.path.exists(path))
        fifo = os.path.join(folder, "fifo")
        os.mkfifo(fifo)
        for where in fifo, "/no/such/x.svg":
            for verb in [], ["ports"]:
                begin = time.monotonic()
                p = run(*verb, "--plot", where)
                tap("--plot to where nothing can be written is told before the run", p.returncode == 2 and
                    p.stderr.count("\n") == 1 and not p.stdout and time.monotonic() - begin < 5, p.stderr)
    p = run("--for", "200ms", "--flows", "100000", "--csv")
    tap("notes beside CSV", "note: " in p.stderr and "limit of open files" in p.stderr and "note" not in p.stdout, p.stderr)
    p = run("sweep", "--set", "client:net.ipv4.tcp_sack=0,1", "--repeat", "1", "--for", "100ms", "--by", "half")
    tap("notes of a sweep, once; and one round is too few for a verdict", p.stderr.count("engine event instead of ring") == 1 and
        "too few rounds" in p.stdout and "inf" not in p.stdout, p.stderr + p.stdout)
    p = run("capacity", "--verify", "--range", "40000-40099", "--flows", "1000000")
    tap("notes of a verification", "limit of open files" in p.stderr, p.stderr)
    p = run("--connections", "700", "--sources", "2", "--dests", "1", "--pairs", "1", "--for", "500ms", *short_range(300))
    tap("ports full: an address without a port", "from 198.18.0.1 to 198.19.0.1:512" in p.stdout or
        "from 198.18.0.2 to 198.19.0.1:512" in p.stdout, p.stdout)


def on_terminal(columns, *words):
    """What a run writes to a terminal of so many columns."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    with subprocess.Popen([BIN, "bench", *words], stdout=subprocess.DEVNULL, stderr=slave) as p:
        os.close(slave)
        text = b""
        while True:
            try:
                piece = os.read(master, 65536)
            except OSError:
                break
            if not piece:
                break
            text += piece
        p.wait(60)
    os.close(master)
    return text.decode()


def progress():
    for words in (["--for", "2200ms"], ["ports", "--range", "30000-33999"],
                  ["sweep", "--set", "client:net.ipv4.tcp_sack=0,1", "--repeat", "1", "--for", "1200ms"]):
        text = on_terminal(40, *words)
        lines = [t for t in re.split(r"\r|\x1b\[K", text) if t]
        tap("%s: a line on a narrow terminal stays one, and goes" % words[0], lines and
            all(len(t) < 40 and t.isprintable() for t in lines) and text.endswith("\r\x1b[K"), repr(text[-600:]))


def verbs():
    runs = bench("ports", "--range", "40000-40299")
    tap("ports: 300 for each method", [m["opened"] for m in runs] == [300] * 4, [m["opened"] for m in runs])
    tap("ports: and then", [m["then"] for m in runs] == ["EADDRNOTAVAIL", "EADDRNOTAVAIL", "", "EADDRINUSE"],
        [m["then"] for m in runs])
    text = run("ports", "--range", "40000-40009").stdout
    tap("ports: ten ports fill the table", "opened" in text and
        not any(line.split()[-1] == "-" for line in text.splitlines()[3:] if line[:1].isdigit()), text)
    runs = bench("ports", "--range", "30000-36999")
    tap("ports: each method comes to its end, and has a cost at each share",
        [m["then"] for m in runs] == ["EADDRNOTAVAIL", "EADDRNOTAVAIL", "", "EADDRINUSE"] and
        all(None not in m["cost_us_by_percent_held"] for m in runs), json.dumps(runs)[:400])
    r = bench("capacity", "--set", "client:net.ipv4.ip_local_port_range=40000 40999", "--set",
              "client:net.ipv4.ip_local_reserved_ports=40100-40199", "--verify", "--flows", "1")
    tap("capacity: the range of --set, without its reserved ports", r["predicted"]["ports"] == 900 and
        r["observed"]["connections"] == 900 and r["observed"]["full"]["ports_held"] == 900 and
        r["observed"]["full"]["ports"] == 900, json.dumps(r["predicted"]))
    r = bench("capacity", "--rate", "2000", "--set", "client:net.ipv4.tcp_max_tw_buckets=1000", "--verify")
    seen = r["observed"]
    tap("capacity: no more TIME_WAIT than tcp_max_tw_buckets", r["predicted"]["enough"] and
        r["predicted"]["buckets_full_after_s"] == 0.5 and seen["client"]["peak_time_wait"] == 1000 and
        seen["client"]["tw_overflow"] > 0 and seen["full"] is None, json.dumps(r["predicted"]))
    r = bench("capacity", "--rate", "1000", "--range", "40000-40399", "--verify", "--flows", "1")
    tap("capacity: predicts 400 connections, and 400 there are",
        r["predicted"]["tuples"] == 400 and not r["predicted"]["enough"] and
        r["observed"]["connections"] == 400 and r["observed"]["full"]["ports_held"] == 400,
        json.dumps(r["predicted"]))
    for words in (["--rate", "1000000", "--flows", "1", "--range", "1024-65535"],
                  ["--rate", "1000000", "--flows", "1", "--set", "client:net.ipv4.tcp_max_tw_buckets=1000000", "--dests", "100"]):
        says = r"not within \d+ s: only \d+ of the 1000000/s asked for were reached"
        text = run("capacity", "--verify", *words).stdout
        notes = bench("capacity", "--verify", *words)["observed"]["notes"]
        tap("capacity %s: what the client did not reach is no answer" % " ".join(words), re.search(says, text) and
            "never\n" not in text and any(re.search(says, n) for n in notes),
            (text, notes))
    r = bench("sweep", "--set", "client:net.ipv4.tcp_timestamps=1,0", "--repeat", "2", "--for", "200ms")
    tap("sweep: each value in each round", r["rounds"] == 2 and [v["value"] for v in r["values"]] == ["1", "0"]
        and "verdict" in r["values"][1]["against_first"], json.dumps(r))


def refusals():
    for words, code, says in (
            (["--flow", "3"], 2, "did you mean --flows?"),
            (["--for", "soon"], 2, "a duration"),
            (["--for", "1m30s"], 2, "a number with one of us, ms, s, m and h"),
            (["--for", "10000h"], 2, "at most a year, 8760h"),
            (["--for", "0s"], 2, "more than 0"),
            (["--rate", "1e9"], 2, "at most 100000000"),
            (["--close", "nobody"], 2, "client or server"),
            (["--close", "cleint"], 2, "did you mean client?"),
            (["--close", "--for", "500ms"], 2, "--close takes client|server"),
            (["--link", "vteh"], 2, "did you mean veth?"),
            (["--set", "klient:net.ipv4.tcp_sack=1"], 2, "did you mean client?"),
            (["--set", "client:=1"], 2, "a key and a value"),
            (["prots"], 2, "did you mean ports?"),
            (["--json", "--csv"], 2, "not both"),
            (["--against", "127.0.0.1:1", "--link", "wire"], 2, "own hosts"),
            (["--against", "127.0.0.1:1", "--ip", "6"], 2, "IPv4"),
            (["capacity", "--pairs", "2"], 2, "no meaning"),
            (["capacity", "--for", "2s"], 2, "no meaning"),
            (["capacity", "--flows", "2"], 2, "--verify"),
            (["capacity", "--set", "client:net.ipv4.tcp_tw_reuse=banana"], 2, "banana"),
            (["capacity", "--range", "40000-40099", "--set", "client:net.ipv4.ip_local_port_range=40000 40999"], 2,
             "40000-40999"),
            (["ports", "--range", "40000-40099", "--set", "client:net.ipv4.ip_local_port_range=40000 40999"], 2,
             "40000-40999"),
            (["sweep"], 2, "which values?"),
            (["serve"], 2, "where?"),
            (["--against", "127.0.0.1"], 2, "ADDR:PORT"),
            (["capacity", "--verify", "--time-wait", "5s"], 2, "cannot be set"),
            (["--nft", "all:/dev/null"], 2, "client:FILE or server:FILE"),
            (["--nft", "client:/no/such"], 2, "No such file"),
            (["--nft", "client:/"], 2, "director"),
            (["--against", "127.0.0.1:1", "--nft", "client:/dev/null"], 2, "own hosts"),
            (["--link", "loopback", "--set", "server:net.ipv4.tcp_sack=0", "--set", "client:net.ipv4.tcp_sack=1"], 2,
             "tcp_sack '1' for the client and '0' for the server"),
            (["--link", "loopback", "--set", "all:net.ipv4.tcp_sack=0", "--set", "client:net.ipv4.tcp_sack=1"], 2, "one namespace"),
            (["sweep", "--link", "loopback", "--set", "server:net.ipv4.tcp_sack=0", "--set", "client:net.ipv4.tcp_sack=0,1"], 2,
             "one namespace"),
            (["--set", "client:net.ipv4.tcp_no_such=1"], 2, "tcp_no_such")):
        p = run(*words)
        tap("refused: %s" % " ".join(words), p.returncode == code and says in p.stderr,
            "exit %d: %s" % (p.returncode, p.stderr))
    r = bench("--flows", "3000", "--for", "300ms",
              preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (1000, 1000)))
    tap("fewer flows under a limit of open files, and that is said",
        r["flows"] == 372 and "limit of open files is 1000" in " ".join(r["notes"]), r["notes"])
    for engine in ("ring", "event"):
        for files in 96, 120, 400:
            p = run("--connections", "500", "--engine", engine, "--json", preexec_fn=lambda n=files: resource.setrlimit(
                resource.RLIMIT_NOFILE, (n, n)))
            r = json.loads(p.stdout) if p.returncode == 0 else {"connections": 0}
            tap("%s: with %d open files" % (engine, files), r["connections"] == 500 and not r["errors"] and
                (files == 400 or "limit of open files is %d" % files in " ".join(r["notes"])), p.stderr or r["why"])
    p = run("--connections", "500", preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40)))
    tap("with 40 open files: a line that says so", p.returncode == 3 and p.stderr.count("\n") == 1 and
        "limit of open files is 40" in p.stderr, p.stderr)


def refuse_io_uring():
    """In the child: a seccomp filter under which io_uring_setup() is not permitted."""
    libc = ctypes.CDLL(None, use_errno=True)
    code = struct.pack("<HBBIHBBIHBBIHBBI", 0x20, 0, 0, 0,  # the number of the call
                       0x15, 0, 1, 425,  # io_uring_setup everywhere but on alpha
                       0x06, 0, 0, 0x00050000 | errno.EPERM, 0x06, 0, 0, 0x7fff0000)
    text = ctypes.create_string_buffer(code, len(code))
    program = struct.pack("@HP", 4, ctypes.addressof(text))
    libc.prctl(38, 1, 0, 0, 0)  # PR_SET_NO_NEW_PRIVS
    if libc.prctl(22, 2, program, 0, 0):  # PR_SET_SECCOMP, SECCOMP_MODE_FILTER
        raise OSError(ctypes.get_errno(), "seccomp")


def without_ring():
    r = bench("--connections", "200", preexec_fn=refuse_io_uring)
    tap("without io_uring the engine event takes over, and that is said",
        r["engine"] == "event" and r["connections"] >= 200 and "refuses io_uring" in " ".join(r["notes"]),
        r["notes"])


def children(pid):
    try:
        with open("/proc/%d/task/%d/children" % (pid, pid), encoding="ascii") as f:
            return [int(p) for p in f.read().split()]
    except OSError:
        return []


def until(true, seconds=20):
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.01)
    return true()


def threads(pid):
    try:
        return len(os.listdir("/proc/%d/task" % pid))
    except OSError:
        return 0


def under_way(p):
    """Until the runner of a started benchmark has all its threads: two a pair, and itself."""
    return until(lambda: any(threads(c) >= 3 for c in children(p.pid)))


def time_waits(pid):
    """Of the namespaces that a process's threads are in, the most."""
    most = 0
    for path in glob.glob("/proc/%d/task/*/net/sockstat" % pid):
        try:
            with open(path, encoding="ascii") as f:
                most = max(most, int(f.read().split(" tw ")[1].split()[0]))
        except (OSError, IndexError):
            pass
    return most


def interrupted(n, *words):
    """What is left of a run that is stopped when its runner has n TIME_WAITs."""
    p = subprocess.Popen([BIN, "bench", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    reached = until(lambda: any(time_waits(c) >= n for c in children(p.pid)))
    p.send_signal(signal.SIGINT)
    text, said = p.communicate(timeout=60)
    return (text if reached else ""), "exit %d: %s%s" % (p.returncode, said, text)


def interrupted_sweep():
    """Of a sweep that has no round nothing is measured, and the rest is there."""
    for form in [], ["--json"], ["--csv"]:
        text, why = interrupted(20, "sweep", "--set", "client:net.ipv4.tcp_sack=0,1", "--for", "60s", *form)
        if form == ["--json"]:
            r = json.loads(text) if text else {"values": []}
            good = r.get("interrupted") and r["rounds"] == 0 and [v["rate"]["median"] for v in r["values"]] == [None] * 2 and \
                r["values"][1]["against_first"]["verdict"] == "not measured"
        else:
            good = text.count("\n") == 1 if form else "0 rounds (interrupted)" in text and "nan" not in text
        tap("sweep%s: SIGINT in the first round" % " ".join([""] + form), good and "exit 0" in why, why)


def interruptions():
    for n in 1, 500, 3000:
        text, why = interrupted(n, "ports", "--json")
        runs = json.loads(text) if text else []
        tap("ports: SIGINT at %d: of what has not run nothing is said" % n, runs and runs[0]["interrupted"] and
            runs[0]["opened"] >= n and [r["opened"] for r in runs[1:]] == [None] * 3 and
            [r["then"] for r in runs] == [None] * 4, why)
    text, why = interrupted(100, "ports")
    tap("ports: and so in the table", text.count("(not run)") == 3 and "reuses" not in text and
        text.splitlines()[-3].split()[2:] == ["-"] * 3, why)
    codes = []
    for n in range(12):  # whatever moment it is, also between the methods
        with subprocess.Popen([BIN, "bench", "ports", "--range", "40000-40009", "--json"], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True) as p:
            until(lambda: children(p.pid))
            time.sleep(n * 0.01)
            p.send_signal(signal.SIGINT)
            text, _ = p.communicate(timeout=60)
        # one that comes behind the result ends the program, and takes nothing away
        codes.append(p.returncode in (0, -signal.SIGINT) and len(json.loads(text or "[]")))
    tap("ports: SIGINT at any moment: the rest is there", codes == [4] * 12, codes)
    interrupted_sweep()
    for words in (["--rate", "500", "--range", "30000-39999"], ["--rate", "50", "--set", "client:net.ipv4.tcp_sack=0"]):
        text, why = interrupted(20, "capacity", "--verify", *words)
        tap("capacity %s: SIGINT: only what was seen" % " ".join(words), "interrupted after" in text and
            "so far" in text and "never" not in text and "observed    interrupted" in text, why)


def ends():
    for engine in ("ring", "event"):
        p = subprocess.Popen([BIN, "bench", "--for", "100s", "--pairs", "1", "--engine", engine, "--json"],
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        started = under_way(p)
        p.send_signal(signal.SIGINT)
        text, _ = p.communicate(timeout=60)
        tap("%s: SIGINT: ends with what it has" % engine,
            started and p.returncode == 0 and json.loads(text)["interrupted"], text[:200])
    p = subprocess.Popen([BIN, "bench", "--for", "100s", "--pairs", "1"], stdout=subprocess.DEVNULL)
    started = under_way(p)
    runners = children(p.pid)
    p.kill()
    p.wait()
    tap("SIGKILL of the controller ends everything", started and runners and
        until(lambda: not any(os.path.exists("/proc/%d" % r) for r in runners)), runners)


def answer(conn):
    try:
        if conn.recv(1):
            conn.sendall(b"x")
            conn.recv(1)
    except ConnectionError:
        pass  # the benchmark ends in the middle of connections


def serve(listener):
    while True:
        try:
            conn, _ = listener.accept()
        except OSError:
            return
        with conn:
            answer(conn)


def half_closed(listener, n):
    """The accepted ends of n connections whose clients are minisockets in FIN_WAIT_2."""
    ends = []
    for _ in range(n):
        with socket.create_connection(listener.getsockname()):
            ends.append(listener.accept()[0])
    for conn in ends:
        conn.recv(1)
    return ends


def ending(port):
    """Minisockets of before that end during the run take nothing off its own."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=100)
    old = half_closed(listener, 300)
    with subprocess.Popen([BIN, "bench", "--against", "127.0.0.1:%d" % port, "--rate", "100", "--for", "2500ms", "--pairs", "1",
                           "--json"], stdout=subprocess.PIPE, text=True) as p:
        time.sleep(0.5)
        for conn in old:
            conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            conn.close()
        r = json.loads(p.communicate(timeout=60)[0])
    listener.close()
    shown = [v["time_wait_client"] - v["connections"] for v in r["series"]]
    tap("against: TIME_WAITs of before that end during the run are not taken off", r["connections"] >= 200 and
        r["client"]["time_wait_before"] >= 300 and abs(r["client"]["time_wait"] - r["connections"]) < 50 and
        max(abs(n) for n in shown) < 50, (r["connections"], r["client"], shown))


def against():
    listener = socket.create_server(("127.0.0.1", 0), backlog=100)
    threading.Thread(target=serve, args=(listener,), daemon=True).start()
    port = listener.getsockname()[1]
    for engine in ("ring", "event"):
        r = bench("--against", "127.0.0.1:%d" % port, "--connections", "300", "--pairs", "1", "--flows", "4",
                  "--engine", engine)
        tap("%s: against a server of one's own" % engine, r["connections"] >= 300 and not r["errors"],
            r["why"])
    # The listener ends first: what it leaves are TIME_WAITs of this namespace.
    r = bench("--against", "127.0.0.1:%d" % port, "--connections", "200", "--pairs", "1", "--flows", "4")
    tap("against: TIME_WAITs from before are told apart", r["client"]["time_wait_before"] >= 300 and
        r["client"]["time_wait"] < 300 and "server" not in r and "time_wait_server" not in r["series"][-1],
        json.dumps(r["client"]))
    ending(port)
    r = bench("--against", "127.0.0.1:%d" % free_port(), "--for", "200ms", "--flows", "2", "--pairs", "1")
    tap("against nobody: errors, and no end before its time", r["connections"] == 0 and r["took_s"] >= 0.19 and
        r["why"].get("connect ECONNREFUSED", 0) >= 2, r["why"])
    tap("and a note that none succeeded, with why", [n for n in r["notes"] if "no connection has succeeded" in n and
        n.endswith("connect: ECONNREFUSED")], r["notes"])


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as s:
        return s.getsockname()[1]


def listens(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


def answering():
    """lastack-server alone is a server for the benchmark."""
    server = os.path.join(os.path.dirname(BIN), "lastack-server")
    port = free_port()
    with subprocess.Popen([server, "--listen", "127.0.0.1:%d" % port, "--behave", "answer"], stdin=subprocess.PIPE,
                          stdout=subprocess.DEVNULL) as p:
        listening = until(lambda: listens(port))
        for engine in ("ring", "event"):
            for by in ("fin", "half"):
                for size in "1", "300000":
                    r = bench("--against", "127.0.0.1:%d" % port, "--for", "300ms", "--engine", engine, "--by", by,
                              "--request", size, "--response", size, "--flows", "4")
                    tap("%s: %s bytes to lastack-server and back, by %s" % (engine, size, by), listening and
                        r["connections"] > 4 and not r["errors"] and not r["in_flight"]["n"], (r["connections"], r["why"]))
        p.stdin.close()


def serving():
    for engine in ("ring", "event"):
        port = free_port()
        p = subprocess.Popen([BIN, "bench", "serve", "--listen", "127.0.0.1:%d" % port, "--engine", engine,
                              "--pairs", "2", "--close", "server", "--json"], stdout=subprocess.PIPE, text=True)
        listening = until(lambda: listens(port))
        r = bench("--against", "127.0.0.1:%d" % port, "--connections", "500", "--close", "server")
        p.send_signal(signal.SIGINT)
        text, _ = p.communicate(timeout=60)
        served = json.loads(text)
        tap("%s: serve, and against it" % engine, listening and r["connections"] >= 500 and not r["errors"] and
            served["connections"] >= r["connections"] and served["run"]["for_s"] is None, r["why"])


def listening_at(port):
    """Without a connection that would be the first."""
    with open("/proc/net/tcp", encoding="ascii") as f:
        return any(line.split()[1].endswith(":%04X" % port) and line.split()[3] == "0A" for line in f.readlines()[1:])


def serving_time():
    """The time in which nobody came is none of a server's."""
    for engine in ("ring", "event"):
        port = free_port()
        p = subprocess.Popen([BIN, "bench", "serve", "--listen", "127.0.0.1:%d" % port, "--engine", engine, "--json"],
                             stdout=subprocess.PIPE, text=True)
        until(lambda: listening_at(port))
        time.sleep(1)
        r = bench("--against", "127.0.0.1:%d" % port, "--rate", "1000", "--for", "500ms")
        time.sleep(1)
        p.send_signal(signal.SIGINT)
        served = json.loads(p.communicate(timeout=60)[0])
        tap("%s: serve: the rate from the first connection to the last" % engine, served["connections"] == r["connections"] and
            served["took_s"] < r["took_s"] + 0.5 and served["rate"] > r["connections"] / (r["took_s"] + 0.5), (served["connections"], served["took_s"], served["rate"], r["took_s"]))
    for form in [], ["--json"]:
        text = run("serve", "--listen", "127.0.0.1:%d" % free_port(), "--for", "200ms", *form).stdout
        tap("serve without a client has no rate%s" % " ".join([""] + form), json.loads(text)["rate"] is None if form else
            "result      0 connections, 0 errors" in text, text)


def in_vain():
    """Where nobody listens, so many connections will never be."""
    r = bench("--against", "127.0.0.1:%d" % free_port(), "--connections", "100")
    tap("--connections ends where none succeeds", not r["connections"] and r["errors"] > 0 and 10 <= r["took_s"] < 20 and
        any("no connection has succeeded" in n for n in r["notes"]), (r["took_s"], r["notes"]))


def unequal():
    """Sides that differ in what they send: a server that leaves bytes unread resets, without an error, and that is said."""
    port = free_port()
    p = subprocess.Popen([BIN, "bench", "serve", "--listen", "127.0.0.1:%d" % port, "--pairs", "1", "--json"],
                         stdout=subprocess.PIPE, text=True)
    listening = until(lambda: listens(port))
    seen = [bench("--against", "127.0.0.1:%d" % port, "--connections", "500", "--request", size) for size in ("1", "10")]
    p.send_signal(signal.SIGINT)
    served = json.loads(p.communicate(timeout=60)[0])
    if served["engine"] != "ring":
        skip("nearly every connection was reset", "the other engine reads what there is")
        return
    tap("nearly every connection was reset, and that is said", listening and
        ["same --request and --response?" in "".join(r["notes"]) for r in seen] == [False, True],
        [(r["notes"], r["errors"], r["client"]) for r in seen])


def helps():
    for verb, has, lacks in ("ports", "--range", "--flows"), ("capacity", "--verify", "--engine"), ("sweep", "--repeat", "--range"):
        p = run(verb, "--help")
        tap("%s --help: its own options" % verb, p.returncode == 0 and "bench %s" % verb in p.stdout and
            "  %s" % has in p.stdout and "  %s " % lacks not in p.stdout, p.stdout + p.stderr)
    with open("/dev/full", "w", encoding="ascii") as full_device:
        for form in [], ["--json"]:
            p = subprocess.run([BIN, "bench", "capacity", *form], stdout=full_device, stderr=subprocess.PIPE, text=True,
                               timeout=60, check=False)
            tap("a result that cannot be written is an error", p.returncode == 3 and p.stderr.count("\n") == 1, p.stderr)


def main():
    only = sys.argv[1:]
    if os.geteuid() != 0:
        skip("bench", "needs root")
    else:
        for part in (helps, closes, together, stuck, full, paces, sizes, links, rulesets, observing, telling, progress, verbs, refusals, without_ring, ends, interruptions, against, answering, serving, serving_time, unequal, in_vain):
            if not only or part.__name__ in only:
                part()
    end()


main()
