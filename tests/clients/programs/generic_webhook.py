"""A batch whose end is told by a webhook, which the standardwebhooks package verifies, or refuses."""

import json
import os
from http.server import BaseHTTPRequestHandler, HTTPServer

import httpx
from standardwebhooks import Webhook
from telling import Told

BASE, KEY = os.environ["AIEXPORT_BASE_URL"], os.environ["AIEXPORT_API_KEY"]
SECRET = os.environ["AIEXPORT_WEBHOOK_SECRET"]
ROW = {"model": "apex-haiku-4-20250401", "messages": [{"role": "user", "content": "What is 2 + 2?"}]}
told = Told()
got = []


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        got.append((dict(self.headers), self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), Receiver)
server.timeout = 20
url = f"http://127.0.0.1:{server.server_port}/hook"
batch = httpx.post(f"{BASE}/batch", headers={"X-API-Key": KEY}, json={"requests": [ROW], "webhook_url": url}).json()
server.handle_request()
headers, body = got[0]


def verified(secret, content):
    event = Webhook(secret).verify(content, headers)
    return {
        "type": event["type"],
        "same": event["data"]["id"] == batch["id"],
        "counts": event["data"]["request_counts"],
    }


told("verified", lambda: verified(SECRET, body))
told("another secret", lambda: verified("whsec_" + "A" * 32, body))
told("another body", lambda: verified(SECRET, json.dumps(json.loads(body) | {"type": "batch.lost"})))
told.end()
