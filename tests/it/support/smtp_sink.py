"""An SMTP server for tests: writes every mail it accepts as NNNN.eml, its envelope as NNNN.json.

Its one argument is a JSON object; every key may be left out:
  directory       where mails are written
  port            0: any free one; the port taken is printed as the first line
  refuse_4xx      refuse this many mails with 451 first
  refuse_5xx      then this many with 554
  stall           then leave this many without any answer
  lose_250        then accept this many, write them, and cut the connection before saying so
  refuse_from     refuse this many senders at MAIL FROM with 550
  refuse_relay    refuse to relay for this many recipients at RCPT TO with 554
  refuse_to       recipients refused with 550
  user, password  demand AUTH PLAIN or LOGIN
  tls             "none", "starttls" (demanded) or "tls"
  cert, key       PEM files for TLS
"""
import asyncio
import json
import os
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult

options = {
    "port": 0, "refuse_4xx": 0, "refuse_5xx": 0, "stall": 0, "lose_250": 0, "refuse_to": [],
    "refuse_from": 0, "refuse_relay": 0,
    "user": None, "password": None, "tls": "none", "cert": None, "key": None,
}
options.update(json.loads(sys.argv[1]))
left = {key: options[key] for key in ("refuse_4xx", "refuse_5xx", "stall", "lose_250", "refuse_from", "refuse_relay")}
written = 0


def take(what):
    if left[what] > 0:
        left[what] -= 1
        return True
    return False


def write(session, envelope):
    global written
    written += 1
    stem = os.path.join(options["directory"], f"{written:04}")
    note = {
        "from": envelope.mail_from,
        "to": envelope.rcpt_tos,
        "tls": session.ssl is not None or options["tls"] == "tls",
        "user": (session.auth_data or b"").decode() if getattr(session, "authenticated", False) else None,
    }
    for name, content in ((".eml", envelope.content), (".json", json.dumps(note).encode())):
        with open(stem + name + ".part", "wb") as file:
            file.write(content)
        os.rename(stem + name + ".part", stem + name)


class Sink:
    async def handle_MAIL(self, server, session, envelope, address, mail_options):
        if take("refuse_from"):
            return "550 5.7.1 Sender address rejected: not allowed yet"
        envelope.mail_from = address
        envelope.mail_options.extend(mail_options)
        return "250 2.1.0 OK"

    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
        if address in options["refuse_to"]:
            return "550 5.1.1 No such mailbox"
        if take("refuse_relay"):
            return "554 5.7.1 Relay access denied"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server, session, envelope):
        if take("refuse_4xx"):
            return "451 4.3.0 Try again later"
        if take("refuse_5xx"):
            return "554 5.7.1 Refused"
        if take("stall"):
            await asyncio.sleep(3600)
        write(session, envelope)
        if take("lose_250"):
            server.transport.abort()
        return "250 2.0.0 Accepted"


def authenticate(server, session, envelope, mechanism, auth_data):
    known = auth_data.login == options["user"].encode() and auth_data.password == options["password"].encode()
    # "handled" would mean that the refusal was answered already.
    return AuthResult(success=known, handled=False, auth_data=auth_data.login if known else None)


async def main():
    context = None
    if options["tls"] != "none":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(options["cert"], options["key"])
    auth = options["user"] is not None

    def session():
        return SMTP(
            Sink(),
            hostname="sink.example",
            tls_context=context if options["tls"] == "starttls" else None,
            require_starttls=options["tls"] == "starttls",
            authenticator=authenticate if auth else None,
            auth_required=auth,
            auth_require_tls=options["tls"] == "starttls",
        )

    server = await asyncio.get_running_loop().create_server(
        session, "127.0.0.1", options["port"], ssl=context if options["tls"] == "tls" else None
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


asyncio.run(main())
