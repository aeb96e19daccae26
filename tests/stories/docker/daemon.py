"""A docker daemon for one command of docker's client: daemon.py SOCKET COMMAND…

It does nothing that it is asked to do. It says with which credentials it was asked, and whether the
password is the one in TOKEN; never the password.
"""

import base64
import http.server
import json
import os
import socketserver
import subprocess
import sys
import threading


class Daemon(http.server.BaseHTTPRequestHandler):
    def do_HEAD(self):
        self.answer(b"")

    def do_GET(self):
        self.answer(b"{}")

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path.endswith("/auth"):
            record("login", json.loads(body))
            self.answer(json.dumps({"Status": "Login Succeeded", "IdentityToken": ""}).encode())
        else:
            held = self.headers.get("X-Registry-Auth", "")
            record("push", json.loads(base64.urlsafe_b64decode(held + "=" * (-len(held) % 4)) or b"{}"))
            self.answer(json.dumps({"status": "taken"}).encode())

    def answer(self, body):
        self.send_response(200)
        self.send_header("Api-Version", "1.41")
        self.send_header("Ostype", "linux")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def record(what, held):
    right = "the" if held.get("password") == os.environ["TOKEN"] else "no"
    print(f"{what}: {held.get('username')} at {held.get('serveraddress')}, {right} token", flush=True)


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True

    def handle_error(self, *_):
        """The client may leave before it has its answer."""


def main():
    socket, command = sys.argv[1], sys.argv[2:]
    with Server(socket, Daemon) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        done = subprocess.run(command, env={**os.environ, "DOCKER_HOST": "unix://" + socket})
        server.shutdown()
    os.remove(socket)
    sys.exit(done.returncode)


main()
