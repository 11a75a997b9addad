"""Makes a passkey in Chromium with an authenticator that is there and verifies, signs out, and signs in with it.

Standard input: {"base", "session", "chromium", "profile"}. Standard output: what the pages said, and what the browser sent.
"""

import json
import sys

from browser import Browser


def main():
    order = json.load(sys.stdin)
    base = order["base"]
    browser = Browser(order["chromium"], order["profile"])
    try:
        target = browser.ask("Target.createTarget", url="about:blank")["targetId"]
        tab = browser.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]

        def ask(method, **params):
            return browser.ask(method, tab, **params)

        def evaluate(text):
            return ask("Runtime.evaluate", expression=text, returnByValue=True, awaitPromise=True)["result"].get("value")

        def go(act):
            browser.events = []
            act()
            while "Page.loadEventFired" not in browser.events:
                browser.message()

        for domain in ("Page", "Log", "Runtime"):
            ask(f"{domain}.enable")
        ask("WebAuthn.enable")
        options = {
            "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
            "isUserVerified": True, "automaticPresenceSimulation": True,
        }
        ask("WebAuthn.addVirtualAuthenticator", options=options)
        ask("Network.setCookie", name="jagaloket_session", value=order["session"], url=base, httpOnly=True)
        go(lambda: ask("Page.navigate", url=f"{base}/account?lang=en"))
        form = "document.querySelector('form[data-passkey=make]')"
        evaluate(f"{form}.elements.name.value = 'My laptop'")
        go(lambda: evaluate(f"void {form}.requestSubmit()"))
        made = {"url": evaluate("location.pathname"), "text": evaluate("document.body.innerText")}
        ask("Network.clearBrowserCookies")
        go(lambda: ask("Page.navigate", url=f"{base}/sign-in?lang=en&next=/incidents"))
        form = "document.querySelector('form[data-passkey=use]')"
        # What is sent, for somebody to send it once more.
        evaluate(f"{form}.submit = function () {{ window.sent = new URLSearchParams(new FormData(this)).toString(); }}")
        evaluate(f"void {form}.requestSubmit()")
        sent = evaluate("new Promise((done) => setInterval(() => window.sent && done(window.sent), 50))")
        cookies = ask("Network.getCookies", urls=[base])["cookies"]
        go(lambda: evaluate(f"void HTMLFormElement.prototype.submit.call({form})"))
        came = {"url": evaluate("location.pathname"), "text": evaluate("document.body.innerText")}
        said = {"made": made, "came": came, "sent": sent, "complaints": browser.complaints}
        said["cookies"] = {cookie["name"]: cookie["value"] for cookie in cookies}
        json.dump(said, sys.stdout)
    finally:
        browser.process.kill()
        browser.process.wait()


main()
