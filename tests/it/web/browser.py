"""Visits pages in Chromium over its debugging pipe and tells what a person would meet there.

Standard input: {"chromium": PATH, "profile": DIR, "visits": [{"url", "width", "height", "dark", "script", "session", "shows"?,
"picture"?}, …]}; `session` is a cookie, and a page that `shows` words stays open until it does.
Standard output: a list with, for each visit, the language, the title, the text, how wide the page is and how wide the
window, links and controls without a name, what the browser complained of, texts of too little contrast, how many bytes came,
and what axe-core finds wrong.
"""

import base64
import importlib.util
import itertools
import json
import os
import pathlib
import subprocess
import sys

# What axe-core and WCAG 2.1 AA ask for: 4.5, and 3 for large text.
LOOK = """
(() => {
  const parse = (text) => { const m = text.match(/[\\d.]+/g).map(Number); return m.length < 4 ? [...m, 1] : m; };
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const rgba = (colour) => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    const d = canvas.getImageData(0, 0, 1, 1).data; return [d[0], d[1], d[2], d[3] / 255]; };
  const over = (a, b) => [0, 1, 2].map((i) => a[i] * a[3] + b[i] * (1 - a[3])).concat(1);
  const light = (c) => { const f = c.slice(0, 3).map((v) => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
    return 0.2126 * f[0] + 0.7152 * f[1] + 0.0722 * f[2]; };
  const behind = (element) => {
    const layers = [];
    for (let e = element; e; e = e.parentElement) layers.push(rgba(getComputedStyle(e).backgroundColor));
    const base = matchMedia('(prefers-color-scheme: dark)').matches ? [18, 18, 18, 1] : [255, 255, 255, 1];
    return layers.reverse().reduce((below, layer) => over(layer, below), base);
  };
  const faint = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const seen = new Set();
  while (walker.nextNode()) {
    const node = walker.currentNode, element = node.parentElement;
    if (!node.data.trim() || seen.has(element) || ['SCRIPT', 'NOSCRIPT', 'OPTION'].includes(element.tagName)) continue;
    seen.add(element);
    const style = getComputedStyle(element), box = element.getBoundingClientRect();
    if (box.width < 2 || box.height < 2 || style.visibility === 'hidden' || box.right < 0) continue;
    const back = behind(element), ink = over(rgba(style.color), back);
    const [a, b] = [light(ink), light(back)].sort((x, y) => y - x);
    const size = parseFloat(style.fontSize), large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < (large ? 3 : 4.5)) faint.push(`${ratio.toFixed(2)} ${element.className || element.tagName}: ${node.data.trim().slice(0, 40)}`);
  }
  const named = (e) => (e.getAttribute('aria-label') || e.textContent || e.title || '').trim() || e.labels?.length;
  const nameless = [...document.querySelectorAll('a, button, input:not([type=hidden]), select, iframe')].filter((e) => !named(e));
  const ids = [...document.querySelectorAll('[id]')].map((e) => e.id);
  return {
    language: document.documentElement.lang, title: document.title, text: document.body.innerText,
    page_width: document.documentElement.scrollWidth, window_width: document.documentElement.clientWidth,
    nameless: nameless.map((e) => e.outerHTML.slice(0, 120)),
    bytes: ['navigation', 'resource'].flatMap((kind) => performance.getEntriesByType(kind)).filter((e) => !e.name.includes('/live'))
      .reduce((sum, e) => sum + e.transferSize, 0),
    twice: ids.filter((id, n) => ids.indexOf(id) !== n), headings: document.querySelectorAll('h1').length, faint,
  };
})()
"""

# The rules of WCAG 2.2 at AA and the good habits beside them.
AXE = """
axe.run(document, { resultTypes: ['violations'], runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })
  .then((found) => found.violations.flatMap((rule) => rule.nodes.map((node) => `${rule.id}: ${node.target} ${node.html.slice(0, 160)}`)))
"""


def axe_core():
    """The engine as the package of the test requirements carries it; its Python is not needed."""
    found = importlib.util.find_spec("axe_playwright_python")
    if not found:
        sys.exit("axe-playwright-python is missing: pip install -r tests/requirements.txt")
    return pathlib.Path(found.submodule_search_locations[0], "axe.min.js").read_text()


class Browser:
    def __init__(self, program, profile):
        to_read, self.to_write = os.pipe()
        self.from_read, from_write = os.pipe()

        def place_pipes():
            # Chromium expects its commands on 3 and answers on 4.
            read, write = os.dup(to_read), os.dup(from_write)
            os.dup2(read, 3)
            os.dup2(write, 4)

        arguments = [
            "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            "--remote-debugging-pipe", f"--user-data-dir={profile}", "about:blank",
        ]
        self.process = subprocess.Popen(
            [program, *arguments], preexec_fn=place_pipes, close_fds=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        os.close(to_read)
        os.close(from_write)
        self.numbers = itertools.count(1)
        self.buffer = b""
        self.complaints = []
        self.events = []
        self.axe = axe_core()

    def message(self):
        while b"\0" not in self.buffer:
            piece = os.read(self.from_read, 1 << 16)
            if not piece:
                sys.exit("chromium ended")
            self.buffer += piece
        text, self.buffer = self.buffer.split(b"\0", 1)
        message = json.loads(text)
        method, params = message.get("method"), message.get("params", {})
        if method == "Log.entryAdded":
            self.complaints.append(f"{params['entry']['text']} {params['entry'].get('url', '')}".strip())
        elif method == "Runtime.exceptionThrown":
            self.complaints.append(json.dumps(params["exceptionDetails"]))
        elif method:
            self.events.append(method)
        return message

    def ask(self, method, session=None, **params):
        number = next(self.numbers)
        question = {"id": number, "method": method, "params": params}
        if session:
            question["sessionId"] = session
        os.write(self.to_write, json.dumps(question).encode() + b"\0")
        while True:
            message = self.message()
            if message.get("id") == number:
                if "error" in message:
                    sys.exit(f"{method}: {message['error']}")
                return message["result"]

    def visit(self, url, width, height, dark, script, session, picture=None, shows=None):
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        tab = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]

        def ask(method, **params):
            return self.ask(method, tab, **params)

        self.complaints, self.events = [], []
        for domain in ("Page", "Log", "Runtime"):
            ask(f"{domain}.enable")
        phone = width < 600
        ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=phone)
        scheme = "dark" if dark else "light"
        ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        ask("Emulation.setScriptExecutionDisabled", value=not script)
        ask("Network.setCookie", name="jagaloket_session", value=session, url=url, httpOnly=True)
        ask("Page.navigate", url=url)
        while "Page.loadEventFired" not in self.events:
            self.message()
        if shows:
            seen = f"document.body.innerText.includes({json.dumps(shows)})"
            wait = f"new Promise((done) => setInterval(() => {seen} && done(), 100))"
            ask("Runtime.evaluate", expression=wait, awaitPromise=True)
        # Without scripts the page has none of its own, but ours must still look.
        ask("Emulation.setScriptExecutionDisabled", value=False)
        def evaluate(expression):
            result = ask("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
            if "exceptionDetails" in result:
                sys.exit(f"{url}: {result['exceptionDetails']}")
            return result["result"].get("value")

        look = evaluate(LOOK)
        evaluate(self.axe + "; 0")
        look["axe"] = evaluate(AXE)
        if picture:
            size = ask("Page.getLayoutMetrics")["cssContentSize"]
            clip = {"x": 0, "y": 0, "width": size["width"], "height": max(size["height"], height), "scale": 1}
            taken = ask("Page.captureScreenshot", format="webp", quality=65, captureBeyondViewport=True, clip=clip)
            with open(picture, "wb") as file:
                file.write(base64.b64decode(taken["data"]))
        self.ask("Target.closeTarget", targetId=target)
        return {**look, "url": url, "complaints": self.complaints}


def main():
    order = json.load(sys.stdin)
    browser = Browser(order["chromium"], order["profile"])
    try:
        json.dump([browser.visit(**visit) for visit in order["visits"]], sys.stdout)
    finally:
        browser.process.kill()
        browser.process.wait()


main()
