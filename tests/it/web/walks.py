"""Signs in as a person does, in Chromium, with scripts or without, and tells what the pages said.

Standard input: {"chromium", "profile", "script", "steps": [STEP, …]}; a step is one of
  {"go": URL}                                    opens a page
  {"fill": SELECTOR, "with": {NAME: TEXT}, "ahead"?: SECONDS}  fills fields of a form; `ahead` fills in the code that an
                                                 authenticator with the secret shows so many seconds from now
  {"secret": SELECTOR}                           keeps the secret that stands there, as an authenticator does
  {"press": SELECTOR}                            presses a button that leads to another page
  {"authenticator": true}                        plugs in one that is there and verifies its holder
  {"cookies": "clear"}                           forgets every cookie
  {"tell": NAME}                                 tells where it is, in which language, and what the page says
  {"read": NAME, "of": EXPRESSION}               tells what an expression of the page is
Standard output: what was told and read, by name, and everything the browser complained of.
"""

import base64
import hashlib
import hmac
import json
import struct
import sys
import time

from browser import Browser


def shown(secret, ahead):
    """What an authenticator shows (RFC 6238), computed here on its own."""
    secret = secret.replace(" ", "")
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    mac = hmac.new(key, struct.pack(">Q", int(time.time() + ahead) // 30), hashlib.sha1).digest()
    number = struct.unpack_from(">I", mac, mac[-1] & 15)[0] & 0x7FFFFFFF
    return f"{number % 1_000_000:06}"


def main():
    order = json.load(sys.stdin)
    browser = Browser(order["chromium"], order["profile"])
    try:
        target = browser.ask("Target.createTarget", url="about:blank")["targetId"]
        tab = browser.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]

        def ask(method, **params):
            return browser.ask(method, tab, **params)

        def evaluate(text):
            # What the walker asks runs also where the page's own scripts do not.
            ask("Emulation.setScriptExecutionDisabled", value=False)
            result = ask("Runtime.evaluate", expression=text, returnByValue=True, awaitPromise=True)
            ask("Emulation.setScriptExecutionDisabled", value=not order["script"])
            if "exceptionDetails" in result:
                sys.exit(f"{text}: {result['exceptionDetails']}")
            return result["result"].get("value")

        def go(act):
            browser.events = []
            act()
            while "Page.loadEventFired" not in browser.events:
                browser.message()

        for domain in ("Page", "Log", "Runtime", "Network"):
            ask(f"{domain}.enable")
        ask("Emulation.setScriptExecutionDisabled", value=not order["script"])
        said, secret = {}, None
        for step in order["steps"]:
            if "go" in step:
                go(lambda: ask("Page.navigate", url=step["go"]))
            elif "fill" in step:
                fields = dict(step["with"])
                if "ahead" in step:
                    fields["code"] = shown(secret, step["ahead"])
                for name, text in fields.items():
                    field = f"document.querySelector({json.dumps(step['fill'])}).elements[{json.dumps(name)}]"
                    evaluate(f"{field}.value = {json.dumps(text)}")
            elif "secret" in step:
                secret = evaluate(f"document.querySelector({json.dumps(step['secret'])}).innerText")
            elif "press" in step:
                # The pointer, as a hand does it: no script of the page is needed.
                button = json.dumps(step["press"])
                box = evaluate(
                    f"(() => {{ const e = document.querySelector({button}); e.scrollIntoView({{block: 'center'}}); "
                    "const b = e.getBoundingClientRect(); return [b.x + b.width / 2, b.y + b.height / 2]; })()"
                )

                def press():
                    for kind in ("mousePressed", "mouseReleased"):
                        ask("Input.dispatchMouseEvent", type=kind, x=box[0], y=box[1], button="left", clickCount=1)

                go(press)
            elif "authenticator" in step:
                ask("WebAuthn.enable")
                options = {
                    "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
                    "isUserVerified": True, "automaticPresenceSimulation": True,
                }
                ask("WebAuthn.addVirtualAuthenticator", options=options)
            elif "cookies" in step:
                ask("Network.clearBrowserCookies")
            elif "tell" in step:
                words = "({url: location.href, path: location.pathname, language: document.documentElement.lang, "
                said[step["tell"]] = evaluate(words + "title: document.title, text: document.body.innerText})")
            elif "read" in step:
                said[step["read"]] = evaluate(step["of"])
        json.dump({"said": said, "complaints": browser.complaints}, sys.stdout)
    finally:
        browser.process.kill()
        browser.process.wait()


main()
