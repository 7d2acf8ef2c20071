"""A headless Chromium, spoken to in its own protocol: no driver of a fitting version is needed."""

import itertools
import json
import os
import pathlib
import shutil
import subprocess
import time
import urllib.request

import pytest


class Chromium:
    """One page of a browser that reaches nothing but this machine.

    Attributes:
      messages: what the page wrote to its console, and faults of its script.
    """

    def __init__(self, profile):
        websocket = pytest.importorskip("websocket")
        program = shutil.which("chromium") or shutil.which("chromium-browser")
        if not program:
            pytest.skip("there is no chromium on this machine")
        self._process = subprocess.Popen(
            [
                program,
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--remote-debugging-port=0",
                f"--user-data-dir={profile}",
                "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
                "about:blank",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "HOME": str(profile)},
            start_new_session=True,
        )
        self.messages, self._numbers = [], itertools.count(1)
        address = self._page_address(pathlib.Path(profile) / "DevToolsActivePort")
        self._socket = websocket.create_connection(address, timeout=30, suppress_origin=True)
        for domain in ("Page", "Runtime", "DOM", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method, **parameters):
        """Runs a command of the protocol and returns its result."""
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": parameters}
        self._socket.send(json.dumps(message))
        while True:
            answer = json.loads(self._socket.recv())
            if answer.get("id") == number:
                assert "error" not in answer, answer
                return answer["result"]
            if answer.get("method") in ("Runtime.exceptionThrown", "Runtime.consoleAPICalled"):
                self.messages.append(answer["params"])

    def open(self, address):
        """Loads a page and waits until it is there."""
        self.call("Page.navigate", url=address)
        self.wait_for("document.readyState === 'complete' && location.protocol === 'http:'")

    def run(self, script):
        """Returns the value of an expression in the page, awaited where it is a promise."""
        result = self.call(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def wait_for(self, condition):
        """Waits until an expression is true."""
        end = time.monotonic() + 30
        while not self.run(condition):
            assert time.monotonic() < end, condition
            time.sleep(0.05)

    def choose_file(self, selector, path):
        """Does what a person does with a file input."""
        root = self.call("DOM.getDocument")["root"]["nodeId"]
        node = self.call("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self.call("DOM.setFileInputFiles", files=[str(path)], nodeId=node)

    def close(self):
        """Ends the browser."""
        self._socket.close()
        self._process.terminate()
        self._process.wait(30)

    def _page_address(self, port_file):
        end = time.monotonic() + 60
        while not (port_file.exists() and "\n" in port_file.read_text()):
            assert self._process.poll() is None and time.monotonic() < end, "no browser"
            time.sleep(0.05)
        port = port_file.read_text().splitlines()[0]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list") as response:
            pages = [page for page in json.load(response) if page["type"] == "page"]
        return pages[0]["webSocketDebuggerUrl"]
