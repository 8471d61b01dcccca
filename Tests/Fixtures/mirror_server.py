"""A web server on 127.0.0.1 that plays good and bad mirrors for DataFetchTests.

Usage: mirror_server.py FOLDER. Prints its port, then serves FOLDER's files until its standard input ends:
  /good/NAME        the file, with Range
  /norange/NAME     the file, always from the start
  /dropping/NAME    the file, with Range, but the first answer breaks off half-way
  /corrupt/NAME     the file with one byte changed, with Range
  /endless/NAME     far more bytes than the file has
  /missing/NAME     404
  /log              one line per request so far: the path and its Range
"""

import http.server
import os
import re
import sys
import threading

log = []


class Mirror(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.path == "/log":
            return self.answer(200, "\n".join(log).encode())
        _, kind, name = self.path.split("/")
        first = not any(line.startswith(self.path + " ") for line in log)
        log.append(f"{self.path} {self.headers.get('Range', '')}".rstrip() + " ")
        path = os.path.join(sys.argv[1], name)
        if kind == "missing" or not os.path.exists(path):
            return self.answer(404, b"not here")
        with open(path, "rb") as file:
            content = bytearray(file.read())
        if kind == "corrupt":
            content[len(content) // 2] ^= 0x10
        if kind == "endless":
            content *= 100
        match = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        start = int(match[1]) if match and kind != "norange" else 0
        if start > 0 and start >= len(content):
            return self.answer(416, b"")
        headers = {}
        if start > 0:
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        cut = len(content) // 2 if kind == "dropping" and first else len(content)
        self.answer(206 if start > 0 else 200, content[start:], headers, stop=cut)

    def answer(self, status, body, headers={}, stop=None):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body if stop is None else body[:stop])
        self.close_connection = True

    def log_message(self, *arguments):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Mirror)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_port, flush=True)
sys.stdin.read()
