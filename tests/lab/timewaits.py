#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Leaves N TIME_WAITs on the loopback of the namespace it runs in: timewaits.py N"""
import socket
import sys

PER_ADDRESS = 20000  # fewer than there are ephemeral ports


def main():
    left, host = int(sys.argv[1]), 1
    while left:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((f"127.0.0.{host}", 5000))
        listener.listen(16)
        to = listener.getsockname()
        for _ in range(min(left, PER_ADDRESS)):
            client = socket.socket()
            client.connect(to)
            server, _ = listener.accept()
            client.close()
            server.close()
            left -= 1
        listener.close()
        host += 1


main()
