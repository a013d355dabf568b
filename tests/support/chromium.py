# SPDX-License-Identifier: Apache-2.0
"""A page in headless Chromium, driven over a pipe by the DevTools protocol. Standard library only."""

import base64
import contextlib
import fcntl
import json
import os
import select
import shutil
import subprocess

PROGRAM = shutil.which("chromium")
PATIENCE = 60  # seconds for an answer

# What it would else do on the side: call home, look for a keyring, a bus, a GPU.
OPTIONS = ["--headless", "--disable-gpu", "--no-first-run", "--no-default-browser-check", "--disable-background-networking", "--disable-component-update",
           "--disable-sync", "--disable-extensions", "--password-store=basic", "--use-mock-keychain", "--hide-scrollbars", "--proxy-server=127.0.0.1:9",
           "--remote-debugging-pipe"]  # fmt: skip


class Page:
    """One tab. Messages end with a NUL byte each; it reads them at descriptor 3 and writes them at descriptor 4."""

    def __init__(self, to, answers):
        self.to, self.answers, self.number, self.session, self.rest = to, answers, 0, None, b""
        self.events = []

    def receive(self):
        while b"\0" not in self.rest:
            ready, _, _ = select.select([self.answers], [], [], PATIENCE)
            assert ready, "chromium does not answer"
            more = os.read(self.answers, 1 << 20)
            assert more, "chromium has ended"
            self.rest += more
        message, _, self.rest = self.rest.partition(b"\0")
        return json.loads(message)

    def call(self, method, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters, **({"sessionId": self.session} if self.session else {})}
        os.write(self.to, json.dumps(message).encode() + b"\0")
        while True:
            got = self.receive()
            if got.get("id") == self.number:
                assert "error" not in got, (method, got["error"])
                return got["result"]
            self.events.append(got)

    def open(self, url, width, height):
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(domain + ".enable")
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self.events.clear()
        self.call("Page.navigate", url=url)
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            self.events.append(self.receive())

    def value(self, expression):
        """What a JavaScript expression gives, as JSON has it."""
        done = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in done, (expression, done["exceptionDetails"])
        return done["result"].get("value")

    def click(self, element, place="[b.x + b.width / 2, b.y + b.height / 2]"):
        """A click of the mouse in the middle of what the expression gives, or at another place of its box `b`."""
        x, y = self.value(f"(() => {{ const e = {element}; e.scrollIntoView({{block: 'center'}}); const b = e.getBoundingClientRect(); return {place}; }})()")
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def type(self, element, text):
        self.value(f"{element}.focus()")
        self.call("Input.insertText", text=text)

    def picture(self, path):
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))

    def faults(self):
        """What went wrong in the page: exceptions, and what its policy refused."""
        return [event for event in self.events if event.get("method") in ("Runtime.exceptionThrown", "Log.entryAdded")]

    def requests(self):
        return [event["params"]["request"]["url"] for event in self.events if event.get("method") == "Network.requestWillBeSent"]


@contextlib.contextmanager
def page(url, profile, width=1300, height=1000):
    command = [PROGRAM, *OPTIONS, f"--user-data-dir={profile}"]
    if os.geteuid() == 0:
        command.append("--no-sandbox")
    (reads, to), (answers, writes) = os.pipe(), os.pipe()
    theirs = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in (reads, writes)]  # out of the way of 3 and 4
    os.close(reads)
    os.close(writes)
    shell = ["bash", "-c", 'exec "$@" 3<&{} 4>&{}'.format(*theirs), "bash", *command]
    child = subprocess.Popen(shell, pass_fds=theirs, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for end in theirs:
        os.close(end)
    shown = Page(to, answers)
    try:
        shown.open(url, width, height)
        yield shown
        shown.session = None
        shown.call("Browser.close")
    finally:
        os.close(to)
        os.close(answers)
        try:
            child.wait(10)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
